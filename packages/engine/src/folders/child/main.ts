// SPDX-License-Identifier: Apache-2.0
//
// Serves one folder of the host to one guest, contained: `main.ts SOCKET FOLDER DEVICE:INODE ro|rw`. Says `ready` once it listens. What a guest
// sends that is no message of the protocol ends its connection.
import { createServer, type Socket } from 'node:net'
import { Conversation, messageLength } from './conversation.ts'
import { FileTree } from './file-tree.ts'

const [socketPath = '', folder = '', identity = '', access = ''] = process.argv.slice(2)
const MOST_CONNECTIONS = 8

// Modes are the guest's to choose, for files that are its user's anyway; nobody else's by default.
process.umask(0o022)
const tree = new FileTree(folder, identity, access !== 'rw')
const server = createServer(serve)
server.maxConnections = MOST_CONNECTIONS
server.listen(socketPath, () => process.stdout.write('ready\n'))

function serve(socket: Socket): void {
  const conversation = new Conversation(tree)
  let waiting: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => conversation.close())
  // As long as answers leave: a few bytes may ask for very many.
  const answerAll = () => {
    try {
      while (!socket.writableNeedDrain) {
        const length = messageLength(waiting)
        if (length === null || length > waiting.length) break
        socket.write(conversation.answer(waiting.subarray(0, length)))
        waiting = waiting.subarray(length)
      }
    } catch {
      socket.destroy()
    }
    if (socket.writableNeedDrain) socket.pause()
    else socket.resume()
  }
  socket.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    answerAll()
  })
  socket.on('drain', answerAll)
}
