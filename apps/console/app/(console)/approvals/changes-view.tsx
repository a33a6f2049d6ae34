// SPDX-License-Identifier: Apache-2.0
import type { RuleChange, RuleSide } from '@casemate/policy/diff'
import type { TextChange } from '@casemate/policy/text-changes'
import { Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { StateBadge } from '../../parts/state-badge.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import type { Changes } from './read-changes.ts'

/** What a waiting document changes, a row a change, in words. */
export function ChangesView({ changes }: { readonly changes: Changes }) {
  const { kind, diff } = changes
  const texts =
    kind === 'policy' ? [...diff.fields, ...diff.tests.map((test) => ({ ...test, name: `test “${test.name}”` }))] : [...diff.fields, ...diff.layers]
  const rules = kind === 'policy' ? diff.rules : []
  if (texts.length + rules.length === 0) return <Text size="sm">Nothing changes but order, spelling or number.</Text>
  return (
    <div className="scroll">
      <Table className="figures stacked" verticalSpacing={6}>
        <TableHead titles={['What', 'Before', 'After', 'Effect']} />
        <TableTbody>
          {texts.map((change) => (
            <TextRow key={change.name} change={change} />
          ))}
          {rules.map((change) => (
            <RuleRow key={`${change.setting} ${change.when}`} change={change} />
          ))}
        </TableTbody>
      </Table>
    </div>
  )
}

function TextRow({ change: { name, kind, before, after } }: { readonly change: TextChange }) {
  return (
    <TableTr>
      <TableTd className="long" fw={550}>
        {name}
      </TableTd>
      <TableTd className="long" c="dimmed" data-title="Before:">
        {before ?? '–'}
      </TableTd>
      <TableTd className="long" data-title="After:">
        {after ?? '–'}
      </TableTd>
      <TableTd>
        <StateBadge state="" words={kind} />
      </TableTd>
    </TableTr>
  )
}

const effects = {
  tightened: { state: 'active', words: 'tightened' },
  loosened: { state: 'waiting', words: 'loosened' },
  other: { state: 'waiting', words: 'allows some, forbids some' },
  same: { state: '', words: 'no effect by itself' },
}

function RuleRow({ change: { setting, when, kind, direction, before, after, details } }: { readonly change: RuleChange }) {
  const { state, words } = effects[direction]
  return (
    <TableTr>
      <TableTd className="long">
        <Text inherit span fw={550}>
          {setting.replaceAll('-', ' ')}
        </Text>
        {when === null ? null : (
          <Text size="xs" c="dimmed">
            when {when}
          </Text>
        )}
      </TableTd>
      <TableTd className="long" c="dimmed" data-title="Before:">
        <Side side={before} whole={kind !== 'changed'} />
      </TableTd>
      <TableTd className="long" data-title="After:">
        <Side side={after} whole={kind !== 'changed'} />
        {details.map((detail) => (
          <Text key={detail} size="xs" c="dimmed" ff="monospace">
            {detail}
          </Text>
        ))}
      </TableTd>
      <TableTd>
        <StateBadge state={state} words={`${kind}: ${words}`} />
      </TableTd>
    </TableTr>
  )
}

/** The value itself beside the words where no line below says what differs in it. */
function Side({ side, whole }: { readonly side: RuleSide | null; readonly whole: boolean }) {
  if (side === null) return 'no rule'
  const { words, value, locked } = side
  return (
    <>
      {words}
      {locked ? ', locked' : ''}
      {whole ? (
        <Text size="xs" c="dimmed" ff="monospace">
          {value}
        </Text>
      ) : null}
    </>
  )
}
