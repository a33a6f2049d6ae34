// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { desktopImpact, impactLines } from './impact-lines.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { readPolicyFile } from './policy-documents.ts'

const preview = z.object({
  ...{ name: z.string(), version: z.string() },
  desktops: z.array(desktopImpact.extend({ desktop: z.string(), follows: z.number(), versions: z.array(z.string()) })),
})

export function policyImpactCommand(): Command {
  return withData(new Command('impact'))
    .description('what a policy would change, on which devices, before it is put forward: in every desktop whose release uses one of its name')
    .requiredOption('--file <yaml>', 'the policy, as YAML or JSON')
    .action(async ({ data, file, json }: DataOption & { readonly file: string }) => {
      const { raw, read } = await callOperator(data, 'preview-policy', { yaml: await readPolicyFile(file) }, preview)
      const { name, version, desktops } = read
      const none = `no published release uses a policy named ${name}`
      const lines = desktops.flatMap((one) => [
        `${one.desktop}, release ${one.follows}: ${name} ${one.versions.join(', ')} → ${version}`,
        ...(one.devices.length === 0 ? ['no device has it'] : impactLines(one)).map((line) => `  ${line}`),
      ])
      print(json, raw, desktops.length === 0 ? [none] : lines)
    })
}
