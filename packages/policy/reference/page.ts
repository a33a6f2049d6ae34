// SPDX-License-Identifier: Apache-2.0
//
// docs/policy-reference.md out of the catalogue, so that it cannot say anything else than what is enforced.
import { reasonCodes } from '../src/decision/reasons.ts'
import { catalogue, type SettingName, settingNames } from '../src/model/settings.ts'
import { valueWords } from './value-words.ts'

const mergeWords = {
  strictest: 'the strictest of all rules that apply, whatever their layer',
  nearest: 'the nearest layer (organisation, group, user, device); under a lock it can only tighten',
} as const

const checkWords = { activation: 'at activation', 'power-on': 'at power-on', running: 'while it runs' } as const

const head = `# Policy reference

Generated from the catalogue in \`packages/policy/src/model/settings.ts\` by \`node packages/policy/reference/generate.ts\`; a test fails where it is
not current. A policy is YAML or JSON; its JSON Schema comes from the same catalogue. An unknown setting, field or repeated key is refused.

The schema is what \`casemate-admin policy schema\` prints and what a console serves as \`/policy.schema.json\`. Whoever types a policy may name it, as
\`$schema\` in the document or in a comment, \`# yaml-language-server: $schema=policy.schema.json\`. It is for the editor alone: it is no part of
the document that is approved.

A rule is \`{setting, value, locked, when}\`. \`when\` may name \`groups\`, \`tags\`, \`assurance\`, \`runtimeVersion\`, \`network\` and \`time\`; all
that are given must hold. A fact that nobody vouches for can tighten, never loosen. Within one layer the strictest rule wins.

A policy may carry \`tests\`: \`{name, given, expect}\`. \`given\` may name \`groups\`, \`tags\`, \`assurance\`, \`runtimeVersion\`, \`network\` (a zone in
which the host is known to be) and \`time\`; \`expect\` gives settings their values. The rules of that document alone are looked at. A policy of
which a test fails is not put forward; \`casemate-admin policy check --file FILE\` runs them without a console.

    tests:
      - name: a contractor in a cafe has no network
        given: {groups: [contractors], network: cafe}
        expect: {network: {mode: none}}
`

export function referencePage(): string {
  const list = settingNames.map((name) => `| [\`${name}\`](#${name}) | ${catalogue[name].row} | ${catalogue[name].description} |`)
  const index = ['| Setting | Row | What it says |', '|---|---|---|', ...list].join('\n')
  const reasons = `## Refusals\n\nIn the order in which they are looked for; the first one is the answer.\n\n${reasonCodes.map((code) => `- \`${code}\``).join('\n')}\n`
  return `${[head, `${index}\n`, ...settingNames.map(section), reasons].join('\n')}`
}

function section(name: SettingName): string {
  const { description, unit, default: none, merge, checked, value, needs } = catalogue[name]
  const { form, fields } = valueWords(value)
  const facts = [
    ['Value', form],
    ['Unit', unit ?? 'none: the values name themselves'],
    ['Without a rule', `\`${JSON.stringify(none)}\`: ${wordsOf(name)}`],
    ['Over layers', mergeWords[merge]],
    ['Looked at', checked.map((time) => checkWords[time]).join(', ')],
    ['Needs of the engine', needs ?? 'nothing'],
  ]
  const rows = fields.map(({ path, form: allowed, description: about }) => `| \`${path}\` | ${allowed} | ${about} |`)
  const table = rows.length === 0 ? '' : `\n${['| Field | Form | Meaning |', '|---|---|---|', ...rows].join('\n')}\n`
  return `## ${name}\n\n${description}.\n\n${facts.map(([what, says]) => `- ${what}: ${says}`).join('\n')}\n${table}`
}

function wordsOf<N extends SettingName>(name: N): string {
  const { words, default: none } = catalogue[name]
  return words(none)
}
