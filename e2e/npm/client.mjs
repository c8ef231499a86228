// @modelcontextprotocol/client with @modelcontextprotocol/ext-tasks, as a host would use them together.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createApplicationInputHandler, createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client'
import { rawDispatch } from './raw.mjs'
import { answer, arrival, balanced, outcome, revision, run, scenario, thrown, url } from './scenario.mjs'

const modern = revision === '2026-07-28'
const info = { name: 'npm-client', version: '1' }
const plain = scenario.startsWith('plain')
const capabilities = { elicitation: {}, ...(modern && !plain ? { extensions: { 'io.modelcontextprotocol/tasks': {} } } : {}) }

async function connect() {
  const client = new Client(info, { capabilities, versionNegotiation: { mode: modern ? 'auto' : 'legacy' } })
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: balanced }))
  return client
}

/** withTasks is the client as ext-tasks extends it. */
function withTasks(client) {
  const framing = { rawDispatch: rawDispatch(client.transport), v2RequestFraming: { protocolVersion: revision, clientInfo: info, clientCapabilities: capabilities } }
  return createTaskSessionFromClient(client, {
    endpointId: url.href,
    tools: { currentTool: (name) => ({ name, inputSchema: { type: 'object' }, taskSupport: 'optional' }) },
    onInputRequest: createApplicationInputHandler({ elicitation: () => answer }),
    ...(modern ? framing : {}),
  })
}

/** call calls a tool as a task. */
const call = (tasks, name, args = {}) => tasks.callTool(name, args, { task: { preference: 'require' } })

/** seen is the result of a task, and the statuses and messages that were seen on the way. */
async function seen(execution) {
  const statuses = new Set(), messages = new Set()
  const { outcome: end } = await execution.settle({
    onEvent(event) {
      if (event.type !== 'task') return
      statuses.add(event.task.status)
      messages.add(event.task.statusMessage)
    },
  })
  return { kind: execution.kind, ...outcome(resultFromTaskOutcome(end)), statuses: [...statuses], messages: [...messages] }
}

const client = await connect()
const session = () => withTasks(client)
await run({
  async list() {
    const { tools } = await client.listTools()
    return { revision: client.getNegotiatedProtocolVersion(), tools: tools.map((t) => t.name) }
  },

  quick: async () => seen(await call(session(), 'quick', { n: 1 })),
  long: async () => seen(await call(session(), 'long', { ms: 3000 })),
  ask: async () => seen(await call(session(), 'ask')),

  // 2025-11-25 calls a task failed when its tool reports an error, and ext-tasks then does not ask for the result.
  async fail() {
    const end = seen(await call(session(), 'fail'))
    return modern ? end : { error: await thrown(end) }
  },

  async listen() {
    const execution = await call(session(), 'long', { ms: 3000 })
    const pushed = []
    const pass = client.fallbackNotificationHandler
    client.fallbackNotificationHandler = (notification) => {
      if (notification.method === 'notifications/tasks') pushed.push(notification.params.status)
      return pass(notification)
    }
    const subscription = await client.listen({ taskIds: [execution.handle.taskId] })
    const result = await seen(execution)
    await subscription.close()
    return { ...result, pushed }
  },

  async get() {
    const tasks = session()
    const execution = await call(tasks, 'quick', { n: 2 })
    await execution.settle()
    const { taskId, status } = await tasks.task(execution.handle.taskId).snapshot()
    return { task: taskId, same: taskId === execution.handle.taskId, status }
  },

  async inventory() {
    const tasks = session()
    const execution = await call(tasks, 'quick', { n: 3 })
    await execution.settle()
    const page = await tasks.listTasks()
    return { has: page.tasks.some((t) => t.taskId === execution.handle.taskId) }
  },

  async cancel() {
    const execution = await call(session(), 'long', { ms: 600_000 })
    for await (const event of execution.updates()) if (event.task?.statusMessage?.includes('sleeps')) break
    await execution.cancel()
    const { status } = await execution.result()
    return { task: execution.handle.taskId, status }
  },

  // Another client goes on with the task of one that has left.
  async resume() {
    const execution = await call(session(), 'long', { ms: 2000 })
    let reference
    await execution.handoff((r) => { reference = r })
    const other = await connect()
    const result = await seen(await withTasks(other).resumeTask(reference))
    await other.close()
    return result
  },

  async plainList() {
    const { tools } = await client.listTools()
    return { revision: client.getNegotiatedProtocolVersion(), tools: tools.map((t) => t.name) }
  },

  plainQuick: async () => outcome(await client.callTool({ name: 'quick', arguments: { n: 4 } })),
  plainFail: async () => outcome(await client.callTool({ name: 'fail', arguments: {} })),

  async plainAsk() {
    client.setRequestHandler('elicitation/create', () => answer)
    return outcome(await client.callTool({ name: 'ask', arguments: {} }))
  },

  // The call takes longer than the client's timeout: it lives on the progress.
  async plainProgress() {
    const progress = []
    const options = { timeout: 1500, resetTimeoutOnProgress: true, onprogress: (p) => progress.push(p.progress) }
    const result = await client.callTool({ name: 'long', arguments: { ms: 4000 } }, options)
    return { ...outcome(result), progress }
  },

  async plainCancel() {
    const leave = new AbortController(), arrived = arrival(client.transport)
    const options = { signal: leave.signal, onprogress: (p) => p.progress > 1 && leave.abort('enough') }
    const error = await thrown(client.callTool({ name: 'long', arguments: { ms: 600_001 } }, options))
    await arrived()
    return { error }
  },

  // The call takes longer than the server holds it.
  async plainHandle() {
    await client.listTools() // results are checked against the schemas that the client has seen
    const handle = await client.callTool({ name: 'slow', arguments: { ms: 3000 } })
    const result = await client.callTool({ name: 'task_wait', arguments: { taskId: handle.structuredContent.taskId } })
    return { handle: outcome(handle), result: outcome(result) }
  },
})
await client.close()
