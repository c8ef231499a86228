// @modelcontextprotocol/sdk 1.x, which most hosts still have: plain calls, and its experimental tasks of 2025-11-25.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { answer, arrival, balanced, cuts, outcome, run, thrown, url } from './scenario.mjs'

const client = new Client({ name: 'npm-sdk', version: '1' }, { capabilities: { elicitation: {} } })
client.setRequestHandler(ElicitRequestSchema, () => answer)
const transport = new StreamableHTTPClientTransport(url, { fetch: balanced })
await client.connect(transport)
await client.listTools() // it knows which tools may be tasks, and checks results against the schemas that it has seen
const tasks = client.experimental.tasks

const call = async (name, args = {}, options) => client.callTool({ name, arguments: args }, CallToolResultSchema, options)

/** stream is what callToolStream of a task yields. */
const stream = (name, args = {}) => tasks.callToolStream({ name, arguments: args }, CallToolResultSchema, { task: { ttl: 600_000 } })

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
async function running(name, args) {
  for await (const { task } of stream(name, args)) if (task.statusMessage?.includes('sleeps')) return task
}

await run({
  async plainList() {
    const { tools } = await client.listTools()
    return { revision: transport.protocolVersion, tools: tools.map((t) => t.name) }
  },

  plainQuick: async () => outcome(await call('quick', { n: 4 })),
  plainAsk: async () => outcome(await call('ask')),
  plainFail: async () => outcome(await call('fail')),

  // The call takes longer than the client's timeout: it lives on the progress.
  async plainProgress() {
    const progress = []
    const options = { timeout: 1500, resetTimeoutOnProgress: true, onprogress: (p) => progress.push(p.progress) }
    const result = await call('long', { ms: 4000 }, options)
    return { ...outcome(result), progress }
  },

  // The connection is cut in the middle of the call. The client goes on with its stream by itself, on the other server.
  async plainCut() {
    const progress = []
    let left = 2
    const options = { onprogress: (p) => progress.push(p.progress) > 1 && left-- > 0 && cuts.splice(0).forEach((cut) => cut()) }
    const result = await call('long', { ms: 6000 }, options)
    return { ...outcome(result), progress, cut: left <= 0 }
  },

  async plainCancel() {
    const leave = new AbortController(), arrived = arrival(transport)
    const options = { signal: leave.signal, onprogress: (p) => p.progress > 1 && leave.abort('enough') }
    const error = await thrown(call('long', { ms: 600_001 }, options))
    await arrived()
    return { error }
  },

  // The call takes longer than the server holds it.
  async plainHandle() {
    const handle = await call('slow', { ms: 3000 })
    const result = await call('task_wait', { taskId: handle.structuredContent.taskId })
    return { handle: outcome(handle), result: outcome(result) }
  },

  quick: () => seen(stream('quick', { n: 1 })),
  long: () => seen(stream('long', { ms: 3000 })),
  ask: () => seen(stream('ask')),

  // 2025-11-25 calls a task failed when its tool reports an error. The stream ends there, without the tool's words.
  async fail() {
    return { error: await thrown(seen(stream('fail'))) }
  },

  async get() {
    const { task } = await seen(stream('quick', { n: 2 }))
    const { taskId, status } = await tasks.getTask(task)
    return { task: taskId, same: taskId === task, status }
  },

  async inventory() {
    const { task } = await seen(stream('quick', { n: 3 }))
    const page = await tasks.listTasks()
    return { has: page.tasks.some((t) => t.taskId === task) }
  },

  async cancel() {
    const { taskId } = await running('long', { ms: 600_000 })
    await tasks.cancelTask(taskId)
    const { status } = await tasks.getTask(taskId)
    return { task: taskId, status, error: await thrown(tasks.getTaskResult(taskId, CallToolResultSchema)) }
  },
})
await client.close()
