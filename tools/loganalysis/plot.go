package loganalysis

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

const (
	plotWidth  = 10 * vg.Inch
	plotHeight = 4 * vg.Inch
	plotDPI    = 110
)

var (
	lineColor    = color.RGBA{R: 0x4c, G: 0x78, B: 0xa8, A: 0xff}
	failureColor = color.RGBA{R: 0xe4, G: 0x57, B: 0x56, A: 0xff}
	gridColor    = color.Gray{Y: 0xe4}
)

// Plot draws the traffic over time as a PNG of 1100 by 440 pixels.
func (r *Report) Plot() ([]byte, error) {
	steps, u := fillGaps(r.Traffic.moments())
	if len(steps) == 0 {
		return nil, fmt.Errorf("no line has a time")
	}
	p := plot.New()
	p.Title.Text = "Lines per " + u.name
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant, style.Font.Size = "Sans", 10
	}
	p.Title.TextStyle.Font.Size = 14
	p.Title.Padding = vg.Points(8)
	p.X.Label.Text, p.Y.Label.Text = "Time (UTC)", "Lines"
	p.X.Tick.Marker, p.Y.Tick.Marker = timeTicks{steps, u}, countTicks{}
	p.X.Padding, p.Y.Padding = 0, 0
	p.Y.Min = 0
	p.X.Label.Padding, p.Y.Label.Padding = vg.Points(6), vg.Points(6)
	p.Legend.Top, p.Legend.Padding, p.Legend.ThumbnailWidth = true, vg.Points(3), vg.Points(12)
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridColor
	p.Add(grid)
	if err := addBars(p, steps); err != nil {
		return nil, err
	}
	p.X.Min, p.X.Max = -0.7, float64(len(steps))-0.3
	p.Y.Max *= 1.15 // room for the legend
	return encode(p)
}

func addBars(p *plot.Plot, steps []moment) error {
	lines, failures := make(plotter.Values, len(steps)), make(plotter.Values, len(steps))
	for i, s := range steps {
		lines[i], failures[i] = float64(s.lines), float64(s.failures)
	}
	width := plotWidth * 0.88 / vg.Length(len(steps)+1) * 0.86
	for _, layer := range []struct {
		name   string
		values plotter.Values
		color  color.Color
	}{{"lines", lines, lineColor}, {"of these, failures", failures, failureColor}} {
		bars, err := plotter.NewBarChart(layer.values, width)
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width = layer.color, 0
		p.Add(bars)
		p.Legend.Add(layer.name, bars)
	}
	return nil
}

func encode(p *plot.Plot) ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(plotDPI))
	p.Draw(draw.Crop(draw.New(c), vg.Points(8), -vg.Points(16), vg.Points(8), -vg.Points(8)))
	var buf bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// fillGaps makes a step of every hour, or of the finest unit by which there are few enough of them, from first to last.
func fillGaps(ms []moment) ([]moment, unit) {
	for _, u := range units {
		if steps, ok := contiguous(regroup(ms, u), u); ok {
			return steps, u
		}
	}
	return nil, unit{} // ten thousand years
}

func contiguous(ms []moment, u unit) (steps []moment, ok bool) {
	for _, m := range ms {
		for n := len(steps); n > 0 && u.next(steps[n-1].start).Before(m.start); n++ {
			if n >= maxPoints {
				return nil, false
			}
			steps = append(steps, moment{start: u.next(steps[n-1].start)})
		}
		steps = append(steps, m)
	}
	return steps, len(steps) <= maxPoints
}
