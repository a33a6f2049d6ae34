// SPDX-License-Identifier: Apache-2.0
//
// Runs inside the box of one USB device. `usbredirect` speaks TCP alone: this listens for it on the loopback of the box, which nothing else reaches,
// and hands its bytes on to descriptor 3, an end of a socket pair. Ends when either side does. Arguments: the program, bus and address of the device.
import { spawn } from 'node:child_process'
import { createServer, Socket } from 'node:net'

const [program = '', device = ''] = process.argv.slice(2)
const out = new Socket({ fd: 3, readable: true, writable: true })
const end = () => process.exit(0)
out.on('error', end).on('close', end)
const server = createServer((socket) => {
  server.close()
  socket.on('error', end).on('close', end)
  out.pipe(socket).pipe(out)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const child = spawn(program, ['--device', device, '--to', `127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'inherit'], env: {} })
  child.on('error', (error) => {
    process.stderr.write(error.message)
    process.exit(1)
  })
  child.on('exit', () => {
    // It may have gone before it ever connected.
    if (server.listening) process.exit(1)
  })
})
