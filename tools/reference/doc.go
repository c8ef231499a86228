// Package reference reads texts of a configuration that name what they do not hold, so that no secret stands in a file that is passed around:
//
//	${env:NAME}   the variable NAME of this process
//	${file:PATH}  the content of a file, without the line breaks at its end; a relative path begins where the configuration says
//	$${           a literal ${
//
// A Text is looked up each time that it is used: a secret that is replaced is seen. No error shows what was found.
package reference
