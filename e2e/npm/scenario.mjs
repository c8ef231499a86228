// What the scripts share: node SCRIPT URL,URL REVISION SCENARIO ARGUMENTS prints one line of JSON, which is what the client saw of a call
// with these arguments.
import process from 'node:process'

const [urls, ...rest] = process.argv.slice(2)
export const [revision, scenario] = rest
export const args = JSON.parse(rest[2])

const servers = urls.split(',')
export const url = new URL(servers[0])

let turn = 0

/** cuts end the connections of requests, as a proxy does that has had enough of them. */
export const cuts = []

/** balanced is fetch, but each request goes to another server than the one before, as behind a load balancer without sticky sessions. */
export function balanced(_, init) {
  const cut = new AbortController()
  cuts.push(() => cut.abort('cut'))
  return fetch(servers[turn++ % servers.length], { ...init, signal: AbortSignal.any([cut.signal, init?.signal].filter(Boolean)) })
}

/** answer is what the user says to every form. */
export const answer = { action: 'accept', content: { name: 'Ada' } }

/** text is the first text of a tool's result. */
const text = (result) => result.content.find((c) => c.type === 'text')?.text

/** outcome is what the tests want to know of a tool's result. */
export const outcome = (result) => ({ text: text(result), isError: result.isError ?? false, structured: result.structuredContent })

/** thrown is the message of the error that an action must end with. */
export async function thrown(action) {
  try {
    await action
  } catch (error) {
    return String(error.message ?? error)
  }
  throw new Error('no error came')
}

/** arrival returns a function that waits until all that the transport sends from now on has arrived: a client that cancels a call does not. */
function arrival(transport) {
  const sent = [], send = transport.send.bind(transport)
  transport.send = (...args) => {
    sent.push(send(...args))
    return sent.at(-1)
  }
  return () => Promise.allSettled(sent)
}

/**
 * plainScenarios are those of clients without tasks.
 * @param client is an SDK's client, which has been connected.
 * @param call makes a call with it: of a tool, with its input and options.
 * @param spoken says which revision it speaks.
 */
export const plainScenarios = ({ client, call, spoken }) => ({
  async plainList() {
    const { tools } = await client.listTools()
    return { revision: spoken(), tools: tools.map((t) => t.name) }
  },

  plainQuick: async () => outcome(await call('quick', args)),
  plainAsk: async () => outcome(await call('ask', args)),
  plainFail: async () => outcome(await call('fail', args)),

  // The call takes longer than the client's timeout: it lives on the progress.
  async plainProgress() {
    const progress = []
    const options = { timeout: args.ms / 2, resetTimeoutOnProgress: true, onprogress: (p) => progress.push(p.progress) }
    const result = await call('long', args, options)
    return { ...outcome(result), progress }
  },

  async plainCancel() {
    const leave = new AbortController(), arrived = arrival(client.transport)
    const options = { signal: leave.signal, onprogress: (p) => p.progress > 1 && leave.abort('enough') }
    const error = await thrown(call('long', args, options))
    await arrived()
    const before = cuts.length // one for each request
    await new Promise((over) => setTimeout(over, 7000)) // time to come back several times
    return { error, later: cuts.length - before }
  },

  // The call takes longer than the server holds it.
  async plainHandle() {
    await client.listTools() // results are checked against the schemas that the client has seen
    const handle = await call('slow', args)
    const result = await call('task_wait', { taskId: handle.structuredContent.taskId })
    return { handle: outcome(handle), result: outcome(result) }
  },
})

/** run prints what one of the scenarios returns. */
export async function run(scenarios) {
  if (!scenarios[scenario]) throw new Error(`no such scenario: ${scenario}`)
  console.log(JSON.stringify(await scenarios[scenario]()))
}
