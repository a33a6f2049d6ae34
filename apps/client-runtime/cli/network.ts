// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { networkModes, refusedWords } from '../launcher/words.ts'
import type { DaemonResponse } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

export function networkCommand(): Command {
  return new Command('network')
    .description('the network of a desktop that runs: what it is on, what came and went, and what was refused last and why')
    .argument('<instance>')
    .action(async (instance: string, options: CommonOptions) => {
      const result = await callDaemon(options.data, 'network', { instance })
      print(options, result, networkLines(instance, result))
    })
}

export function networkLines(instance: string, { network, quarantine }: DaemonResponse<'network'>): readonly string[] {
  if (network === null) return [`${instance}: no network`]
  const { mode, lan, mac, address, neighbours, uplink, waiting, flows, opened, toGuest, fromGuest, lost, refused, latest } = network
  return [
    `${instance}: ${networkModes[mode]}${mode === 'isolated' ? ` ${lan}` : ''}`,
    ...quarantine.map((why) => `  made smaller: ${why}`),
    ...(waiting ? ['  the policies now give another kind of network: at the next start'] : []),
    `  address ${address}, card ${mac}${uplink === null ? '' : `, way out ${uplink}`}`,
    ...(lan === null ? [`  ${flows} flows now, ${opened} so far`] : [`  neighbours: ${neighbours.length === 0 ? 'none' : neighbours.join(', ')}`]),
    `  received ${toGuest.bytes} bytes, sent ${fromGuest.bytes} bytes${lost === 0 ? '' : `, ${lost} frames found no room`}`,
    ...refused.map(({ reason, packets }) => `  refused ${packets} packets: ${refusedWords(reason)} (${reason})`),
    ...latest.map(latestLine),
  ]
}

function latestLine({
  secondsAgo,
  reason,
  protocol,
  address,
  port,
  domain,
  count,
}: NonNullable<DaemonResponse<'network'>['network']>['latest'][number]) {
  const where = domain ?? [address ?? 'somewhere', ...(port === null ? [] : [`port ${port}`])].join(' ')
  return `  ${secondsAgo} s ago: ${protocol} ${where}${count === 1 ? '' : `, ${count} times`}: ${refusedWords(reason)}`
}
