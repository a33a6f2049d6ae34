// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPolicyFile } from './policy-documents.ts'

export function policyStageCommand(): Command {
  return withData(new Command('stage'))
    .description('put a policy forward for approval; an unknown or wrong field is refused by its name, a test that does not hold by its own')
    .requiredOption('--file <yaml>', 'the policy, as YAML or JSON')
    .action(async ({ data, file, json }: DataOption & { readonly file: string }) => {
      const yaml = await readPolicyFile(file)
      const { raw, read } = await callOperator(data, 'stage-policy', { yaml }, z.object({ path: z.string() }))
      print(json, raw, [`\`${read.path}\` waits for approval by role policies`])
    })
}
