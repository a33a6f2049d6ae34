// SPDX-License-Identifier: Apache-2.0
//
// A DNS server on port 53 of the address given first: it answers from the records given as JSON next, `{name: [address, ...]}`, and says
// on its output which names it was asked for. A name without records does not exist.
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { knownAddress } from '../../src/network/address.ts'
import { buildDnsAnswer, parseDnsQuery, recordType, responseCode } from '../../src/network/dns-message.ts'

const [address = '', text = '{}'] = process.argv.slice(2)
const records: Record<string, string[]> = JSON.parse(text)
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)
const server = createSocket('udp4')
server.on('message', (message, from) => {
  const query = parseDnsQuery(message)
  if (typeof query === 'string') return
  say({ asked: query.name, type: query.type })
  const found = records[query.name]
  const matching = (found ?? []).filter((record) => isIPv6(record) === (query.type === recordType.aaaa))
  const answer = buildDnsAnswer(
    query,
    found === undefined ? responseCode.missing : responseCode.none,
    matching.map((record) => ({ address: knownAddress(record), ttl: 5 })),
  )
  server.send(answer, from.port, from.address)
})
server.bind(53, address, () => say({ ready: true }))
