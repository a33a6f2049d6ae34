// SPDX-License-Identifier: Apache-2.0
import { parsePolicyYaml } from '@casemate/policy/policy'
import { checkPolicyTests } from '@casemate/policy/policy-tests'
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

export function policyCheckCommand(): Command {
  return new Command('check')
    .description('read a policy and run the tests in it, as staging would; no console is needed')
    .requiredOption('--file <yaml>', 'the policy, as YAML or JSON')
    .action(async ({ file, json }: { readonly file: string; readonly json?: true }) => {
      const document = parsePolicyYaml((await readSmallFile(file, 1_048_576)).toString('utf8'))
      checkPolicyTests(document)
      const { name, version, rules, tests = [] } = document
      print(json, { name, version, rules: rules.length, tests: tests.length }, [
        `policy \`${name}\` ${version}: ${rules.length} rules, ${tests.length} tests hold`,
      ])
    })
}

export function policyStageCommand(): Command {
  return withData(new Command('stage'))
    .description('put a policy forward for approval; an unknown or wrong field is refused by its name, a test that does not hold by its own')
    .requiredOption('--file <yaml>', 'the policy, as YAML or JSON')
    .action(async ({ data, file, json }: DataOption & { readonly file: string }) => {
      const yaml = (await readSmallFile(file, 1_048_576)).toString('utf8')
      const { raw, read } = await callOperator(data, 'stage-policy', { yaml }, z.object({ path: z.string() }))
      print(json, raw, [`\`${read.path}\` waits for approval by role policies`])
    })
}
