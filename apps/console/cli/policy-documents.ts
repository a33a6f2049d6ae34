// SPDX-License-Identifier: Apache-2.0
//
// What can be done with policies in files, without a console.
import { diffPolicies } from '@casemate/policy/diff'
import { type Policy, parsePolicyYaml, policyJsonSchema } from '@casemate/policy/policy'
import { checkPolicyTests } from '@casemate/policy/policy-tests'
import { Command } from 'commander'
import { policyDiffLines } from './diff-lines.ts'
import { readSmallFile } from './files.ts'
import { print } from './output.ts'

interface Printed {
  readonly json?: true
}

export async function readPolicyFile(file: string): Promise<string> {
  return (await readSmallFile(file, 1_048_576)).toString('utf8')
}

export function policyCheckCommand(): Command {
  return new Command('check')
    .description('read a policy and run the tests in it, as staging would; no console is needed')
    .requiredOption('--file <yaml>', 'the policy, as YAML or JSON')
    .action(async ({ file, json }: Printed & { readonly file: string }) => {
      const document = parsePolicyYaml(await readPolicyFile(file))
      checkPolicyTests(document)
      const { name, version, rules, tests = [] } = document
      print(json, { name, version, rules: rules.length, tests: tests.length }, [
        `policy \`${name}\` ${version}: ${rules.length} rules, ${tests.length} tests hold`,
      ])
    })
}

export function policyDiffCommand(): Command {
  return new Command('diff')
    .description('what changes from one policy to another, in words; order and spelling are no change; no console is needed')
    .argument('<old>', 'a policy, as YAML or JSON')
    .argument('<new>', 'likewise')
    .action(async (old: string, next: string, { json }: Printed) => {
      const diff = diffPolicies(await parseFile(old), await parseFile(next))
      print(json, diff, policyDiffLines(diff))
    })
}

export function policySchemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of policies, for editors')
    .action(({ json }: Printed) => print(json, policyJsonSchema(), [JSON.stringify(policyJsonSchema(), null, 2)]))
}

const parseFile = async (file: string): Promise<Policy> => parsePolicyYaml(await readPolicyFile(file))
