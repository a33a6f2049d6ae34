// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { type UpdateOption, updateOf, withUpdate } from './update-option.ts'

interface Options extends DataOption, UpdateOption {
  readonly desktop: string
  readonly to: number
}

export function releaseRollbackCommand(): Command {
  return withUpdate(withData(new Command('rollback')))
    .description('put the content of a former release forward for approval under the next serial')
    .requiredOption('--desktop <slug>', 'the desktop')
    .requiredOption('--to <serial>', 'the published release whose package and policies come back', readSerial)
    .action(async ({ data, desktop, to, json, ...update }: Options) => {
      const body = { desktop, to, ...updateOf(update) }
      const { raw, read } = await callOperator(data, 'roll-back-release', body, z.object({ path: z.string(), serial: z.number() }))
      print(json, raw, [`\`${read.path}\`, the content of release ${to}, waits for approval by role releases`])
    })
}

function readSerial(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new InvalidArgumentError('expected the serial of a release.')
  return Number(text)
}
