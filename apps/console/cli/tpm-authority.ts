// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, timeText, withData } from './data-option.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const authority = z.object({ sha256: z.string(), subject: z.string(), expires: z.number() })
const lineOf = ({ sha256, subject, expires }: z.infer<typeof authority>) => `${sha256}  ${subject}, until ${timeText(expires)}`

export function tpmAuthorityListCommand(): Command {
  return withData(new Command('list'))
    .description('list whose word is taken for a TPM')
    .action(async ({ data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'list-tpm-authorities', {}, z.object({ authorities: z.array(authority) }))
      print(json, raw, read.authorities.length === 0 ? ['none: no device is taken for one with a TPM'] : read.authorities.map(lineOf))
    })
}

export function tpmAuthorityAddCommand(): Command {
  return withData(new Command('add').argument('<pem>', 'certificate of who issues the endorsement certificates of your TPMs'))
    .description('take its word, in enrolments from now on, that a key is in a TPM')
    .action(async (file: string, { data, json }: DataOption) => {
      const certificate = (await readSmallFile(file, 16_384)).toString('utf8')
      const { raw, read } = await callOperator(data, 'add-tpm-authority', { certificate }, authority)
      print(json, raw, [lineOf(read)])
    })
}

export function tpmAuthorityRemoveCommand(): Command {
  return withData(new Command('remove').argument('<sha256>'))
    .description('take its word no more; devices that are enrolled stay as they are')
    .action(async (sha256: string, { data, json }: DataOption) => {
      const { raw } = await callOperator(data, 'remove-tpm-authority', { sha256 }, z.object({}))
      print(json, raw, [`\`${sha256}\` is removed`])
    })
}
