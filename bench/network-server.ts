// SPDX-License-Identifier: Apache-2.0
//
// The server of switch.bench.ts: `network-server.ts ADDRESS BYTES TURNS`. On port 8081 it takes BYTES and says how many seconds that took
// from the first of them on; on port 8082 it sends one byte, waits for it to come back, TURNS times, and says how many seconds that took.
import { createServer } from 'node:net'

const [address, bytes, turns] = process.argv.slice(2)
if (address === undefined || bytes === undefined || turns === undefined) throw new Error('usage: network-server.ts ADDRESS BYTES TURNS')
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
const seconds = (begun: number) => (performance.now() - begun) / 1000

const sink = createServer((socket) => {
  let [taken, begun] = [0, 0]
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    if (taken === 0) begun = performance.now()
    taken += chunk.length
    if (taken < Number(bytes)) return
    say({ taken, seconds: seconds(begun) })
    socket.destroy()
  })
})
const pong = createServer((socket) => {
  const begun = performance.now()
  let back = 0
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    back += chunk.length
    if (back < Number(turns)) return void socket.write('x')
    say({ turns: back, seconds: seconds(begun) })
    socket.destroy()
  })
  socket.write('x')
})
sink.listen(8081, address, () => pong.listen(8082, address, () => say({ ready: true })))
