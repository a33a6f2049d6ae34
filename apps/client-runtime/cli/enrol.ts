// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander'
import type { DaemonResponse } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, print } from './print.ts'

const keyKinds = ['software', 'tpm', 'auto'] as const

function keyLines({ assurance, unverified }: DaemonResponse<'enrol'>): readonly string[] {
  if (unverified !== null) return [`The key of this computer is in its TPM; the console could not verify that (\`${unverified}\`).`]
  return assurance === 'tpm' ? ['The console has verified that the key of this computer is in its TPM.'] : []
}

export function enrolCommand(): Command {
  return new Command('enrol')
    .description('enrol this computer in the organisation of an enrolment code')
    .argument('<code>', 'the code, as the administrator gave it')
    .addOption(
      new Option('--key <kind>', 'where the key of this computer is kept; auto: in a TPM where one works; without it in software').choices(keyKinds),
    )
    .action(async (code: string, options: CommonOptions & { readonly key?: (typeof keyKinds)[number] }) => {
      const { data, key } = options
      const result = await callDaemon(data, 'enrol', { code, ...(key === undefined ? {} : { key }) })
      print(options, result, [`Enrolled in ${result.title} (${result.organisation}) as ${result.device}.`, ...keyLines(result)])
    })
}
