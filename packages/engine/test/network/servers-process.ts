// SPDX-License-Identifier: Apache-2.0
//
// Listens on each address given as an argument, TCP and UDP on port 8080 or the one behind a comma, and says on its output who came. What
// comes is sent back.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

const PORT = 8080
const places = process.argv.slice(2).map((argument) => {
  const [address = '', port = PORT] = argument.split(',')
  return { address, port: Number(port) }
})
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)

await Promise.all(
  places.flatMap(({ address, port }) => [
    new Promise<void>((resolve) => {
      const server = createServer((socket) => {
        say({ came: 'tcp', address, port })
        socket.on('error', () => socket.destroy())
        socket.on('close', () => say({ left: 'tcp', address, port }))
        socket.pipe(socket)
      })
      server.listen(port, address, resolve)
    }),
    new Promise<void>((resolve) => {
      const server = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      server.on('message', (message, from) => {
        say({ came: 'udp', address, port })
        server.send(message, from.port, from.address)
      })
      server.bind(port, address, resolve)
    }),
  ]),
)
say({ ready: true })
