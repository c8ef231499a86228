// @modelcontextprotocol/client with @modelcontextprotocol/ext-tasks, as a host would use them together.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createApplicationInputHandler, createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client'
import { rawDispatch } from './raw.mjs'
import { answer, args, balanced, outcome, plainScenarios, revision, run, scenario, thrown, url } from './scenario.mjs'

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
const call = (tasks, name) => tasks.callTool(name, args, { task: { preference: 'require' } })

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
if (plain) client.setRequestHandler('elicitation/create', () => answer)
const plainly = plainScenarios({
  client,
  call: (name, input, options) => client.callTool({ name, arguments: input }, options),
  spoken: () => client.getNegotiatedProtocolVersion(),
})
const session = () => withTasks(client)
await run({
  ...plainly,
  list: plainly.plainList,

  quick: async () => seen(await call(session(), 'quick')),
  long: async () => seen(await call(session(), 'long')),
  ask: async () => seen(await call(session(), 'ask')),

  // 2025-11-25 calls a task failed when its tool reports an error, and ext-tasks then does not ask for the result.
  async fail() {
    const end = seen(await call(session(), 'fail'))
    return modern ? end : { error: await thrown(end) }
  },

  async listen() {
    const execution = await call(session(), 'long')
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
    const execution = await call(tasks, 'quick')
    await execution.settle()
    const { taskId, status } = await tasks.task(execution.handle.taskId).snapshot()
    return { task: taskId, same: taskId === execution.handle.taskId, status }
  },

  async inventory() {
    const tasks = session()
    const execution = await call(tasks, 'quick')
    await execution.settle()
    const page = await tasks.listTasks()
    return { has: page.tasks.some((t) => t.taskId === execution.handle.taskId) }
  },

  async cancel() {
    const execution = await call(session(), 'long')
    for await (const event of execution.updates()) if (event.task?.statusMessage?.includes('sleeps')) break
    await execution.cancel()
    const { status } = await execution.result()
    return { task: execution.handle.taskId, status }
  },

  // Another client goes on with the task of one that has left.
  async resume() {
    const execution = await call(session(), 'long')
    let reference
    await execution.handoff((r) => { reference = r })
    const other = await connect()
    const result = await seen(await withTasks(other).resumeTask(reference))
    await other.close()
    return result
  },
})
await client.close()
