// SPDX-License-Identifier: Apache-2.0
//
// A web server on each address given, all on one port; each answers `reached <its address>`.
import { createServer } from 'node:http'

const [port, ...addresses] = process.argv.slice(2)
await Promise.all(
  addresses.map(
    (address) =>
      new Promise<void>((resolve) => {
        createServer((_request, response) => response.end(`reached ${address}\n`)).listen(Number(port), address, resolve)
      }),
  ),
)
process.stdout.write('ready\n')
