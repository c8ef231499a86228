// ext-tasks wants its host to send the requests of a 2026-07-28 task, whose results the client's own schemas refuse. This is the
// smallest host: requests with ids of its own on the client's transport, whose answers it takes off before the client sees them.

/** rawDispatch makes the function that ext-tasks sends with. The client must be connected. */
export function rawDispatch(transport) {
  const waiting = new Map()
  const pass = transport.onmessage
  transport.onmessage = (message, extra) => {
    const settle = waiting.get(message.id)
    if (!settle || message.method) return pass(message, extra)
    waiting.delete(message.id)
    settle('error' in message ? { kind: 'error', error: message.error } : { kind: 'result', result: message.result })
  }
  let last = 0
  return (request, { signal } = {}) => new Promise((resolve, reject) => {
    const id = `raw-${++last}`
    waiting.set(id, resolve)
    signal?.addEventListener('abort', () => reject(signal.reason))
    transport.send({ jsonrpc: '2.0', id, ...request }, { requestSignal: signal }).catch(reject)
  })
}
