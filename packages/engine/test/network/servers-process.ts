// SPDX-License-Identifier: Apache-2.0
//
// Listens on each address given as an argument, TCP and UDP on port 8080, and says on its output who came. A UDP datagram is sent back.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

const PORT = 8080
const addresses = process.argv.slice(2)
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)

await Promise.all(
  addresses.flatMap((address) => [
    new Promise<void>((resolve) => {
      const server = createServer((socket) => {
        say({ came: 'tcp', address })
        socket.on('error', () => socket.destroy())
        socket.on('close', () => say({ left: 'tcp', address }))
        socket.pipe(socket)
      })
      server.listen(PORT, address, resolve)
    }),
    new Promise<void>((resolve) => {
      const server = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      server.on('message', (message, from) => {
        say({ came: 'udp', address })
        server.send(message, from.port, from.address)
      })
      server.bind(PORT, address, resolve)
    }),
  ]),
)
say({ ready: true })
