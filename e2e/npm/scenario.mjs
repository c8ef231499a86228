// What the scripts share: node SCRIPT URL,URL REVISION SCENARIO prints one line of JSON, which is what the client saw.
import process from 'node:process'

export const [urls, revision, scenario] = process.argv.slice(2)

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
export const text = (result) => result.content.find((c) => c.type === 'text')?.text

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
export function arrival(transport) {
  const sent = [], send = transport.send.bind(transport)
  transport.send = (...args) => {
    sent.push(send(...args))
    return sent.at(-1)
  }
  return () => Promise.allSettled(sent)
}

/** run prints what one of the scenarios returns. */
export async function run(scenarios) {
  if (!scenarios[scenario]) throw new Error(`no such scenario: ${scenario}`)
  console.log(JSON.stringify(await scenarios[scenario]()))
}
