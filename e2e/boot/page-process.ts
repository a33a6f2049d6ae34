// SPDX-License-Identifier: Apache-2.0
//
// A web server on port 80 of the address given, with one page. It says on its output that it was asked.
import { createServer } from 'node:http'

const [address = ''] = process.argv.slice(2)
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
createServer((_, response) => {
  say({ came: 'http', address, port: 80 })
  response.end('a page')
}).listen(80, address, () => say({ ready: true }))
