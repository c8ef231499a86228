// Counts the lines of a file of JSON objects by one of their fields, and asks which: count.mjs
// Arguments, on stdin: {"file": "..."}
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const stdin = createInterface({ input: process.stdin })
const lines = stdin[Symbol.asyncIterator]()
const heard = async () => JSON.parse((await lines.next()).value)
const say = message => process.stdout.write(JSON.stringify(message) + '\n')

const { file } = await heard()
say({ ask: {
  key: 'field',
  message: 'Count by which field?',
  schema: { type: 'object', required: ['field'], properties: { field: { type: 'string' } } },
} })
const { action, content } = await heard()
stdin.close() // or the program would not end: with stdin: dialog there may be more answers
if (action !== 'accept') throw new Error('nobody said which field')

const counts = {}
let read = 0
for await (const line of createInterface({ input: createReadStream(file) })) {
  const value = JSON.parse(line)[content.field]
  counts[value] = (counts[value] ?? 0) + 1
  if (++read % 1000 === 0) say({ progress: read, message: 'counting' })
}
say({ result: { field: content.field, counts } })
