// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import type { InstanceView } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { CliError } from './error.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'
import { useLine } from './use-line.ts'

export function statusCommand(): Command {
  return new Command('status')
    .description('this computer, its contact, and its sessions with the address of their screens')
    .argument('[instance]')
    .action(async (instance: string | undefined, options: CommonOptions) => {
      const status = await callDaemon(options.data, 'status', {})
      const linesOf = async (view: InstanceView) => [...instanceLines(view), ...(await useLines(options.data, view))]
      if (instance !== undefined) {
        const found = status.instances.find((view) => view.instance === instance)
        if (found === undefined) throw new CliError('refused', 'instance-unknown', `there is no instance \`${instance}\` on this computer`)
        print(options, found, await linesOf(found))
        return
      }
      const { enrolment, contact, lease, clock } = status
      print(options, status, [
        enrolment === null ? 'Not enrolled.' : `Enrolled in ${enrolment.title} as ${enrolment.device}.`,
        ...(contact === null ? [] : [contact.connected ? 'In contact.' : `No contact (${contact.fault?.code ?? 'not yet'}).`]),
        ...(lease === null ? [] : [`Permission ${lease.seq} until ${new Date(lease.exp * 1000).toISOString()}: ${lease.action}.`]),
        ...(clock.behind ? ['The clock of this computer is behind verified time.'] : []),
        ...(await Promise.all(status.instances.map(linesOf))).flat(),
      ])
    })
}

async function useLines(data: string, { instance, session }: InstanceView): Promise<readonly string[]> {
  if (session === null || !session.open) return []
  const { stats } = await callDaemon(data, 'stats', { instance })
  return stats === null ? [] : [useLine(stats)]
}
