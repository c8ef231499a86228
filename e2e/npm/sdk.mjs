// @modelcontextprotocol/sdk 1.x, which most hosts still have: plain calls, and its experimental tasks of 2025-11-25.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { answer, args, balanced, cuts, outcome, plainScenarios, run, thrown, url } from './scenario.mjs'

const client = new Client({ name: 'npm-sdk', version: '1' }, { capabilities: { elicitation: {} } })
client.setRequestHandler(ElicitRequestSchema, () => answer)
const transport = new StreamableHTTPClientTransport(url, { fetch: balanced })
await client.connect(transport)
await client.listTools() // it knows which tools may be tasks, and checks results against the schemas that it has seen
const tasks = client.experimental.tasks

const call = (name, input, options) => client.callTool({ name, arguments: input }, CallToolResultSchema, options)

/** stream is what callToolStream of a task yields. */
const stream = (name) => tasks.callToolStream({ name, arguments: args }, CallToolResultSchema, { task: { ttl: 600_000 } })

/** seen is the result of a task, and the statuses and messages that were seen on the way. */
async function seen(messages) {
  const statuses = new Set(), said = new Set()
  let task, result
  for await (const m of messages) {
    if (m.type === 'error') throw m.error
    if (m.type === 'result') result = m.result
    task = m.task ?? task
    statuses.add(task.status)
    said.add(task.statusMessage)
  }
  return { task: task.taskId, ...outcome(result), statuses: [...statuses], messages: [...said] }
}

/** running is a task whose tool has started. */
async function running(name) {
  for await (const { task } of stream(name)) if (task.statusMessage?.includes('sleeps')) return task
}

await run({
  ...plainScenarios({ client, call, spoken: () => transport.protocolVersion }),

  // The connection is cut in the middle of the call. The client goes on with its stream by itself, on the other server.
  async plainCut() {
    const progress = []
    let left = 2
    const options = { onprogress: (p) => progress.push(p.progress) > 1 && left-- > 0 && cuts.splice(0).forEach((cut) => cut()) }
    const result = await call('long', args, options)
    return { ...outcome(result), progress, cut: left <= 0 }
  },

  quick: () => seen(stream('quick')),
  long: () => seen(stream('long')),
  ask: () => seen(stream('ask')),

  // 2025-11-25 calls a task failed when its tool reports an error. The stream ends there, without the tool's words.
  async fail() {
    return { error: await thrown(seen(stream('fail'))) }
  },

  async get() {
    const { task } = await seen(stream('quick'))
    const { taskId, status } = await tasks.getTask(task)
    return { task: taskId, same: taskId === task, status }
  },

  async inventory() {
    const { task } = await seen(stream('quick'))
    const page = await tasks.listTasks()
    return { has: page.tasks.some((t) => t.taskId === task) }
  },

  async cancel() {
    const { taskId } = await running('long')
    await tasks.cancelTask(taskId)
    const { status } = await tasks.getTask(taskId)
    return { task: taskId, status, error: await thrown(tasks.getTaskResult(taskId, CallToolResultSchema)) }
  },
})
await client.close()
