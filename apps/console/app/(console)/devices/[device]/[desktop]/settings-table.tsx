// SPDX-License-Identifier: Apache-2.0
import { lostWords, type RuleSource } from '@casemate/policy/explanation'
import { Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import type { ResultOf } from '../../../../../web-door/door.ts'
import { TableHead } from '../../../../parts/table-head.tsx'

/** One row a setting: its value, the rules that give it, and those that lost. */
export function SettingsTable({ settings }: { readonly settings: ResultOf<'explain-device'>['settings'] }) {
  return (
    <Table className="figures stacked" verticalSpacing={6}>
      <TableHead titles={['Setting', 'Value', 'From', 'Lost']} />
      <TableTbody>
        {settings.map(({ setting, words, from, lost }) => (
          <TableTr key={setting}>
            <TableTd className="long" fw={550}>
              {setting.replaceAll('-', ' ')}
            </TableTd>
            <TableTd className="long">{words}</TableTd>
            <TableTd className="long" data-title="From:">
              {from.length === 0 ? (
                <Text inherit span c="dimmed">
                  no rule: the default
                </Text>
              ) : (
                from.map((source) => <Source key={`${source.layer} ${source.path} ${source.rule}`} source={source} />)
              )}
            </TableTd>
            <TableTd className="long" c="dimmed" {...(lost.length === 0 ? {} : { 'data-title': 'Lost:' })}>
              {lost.map(({ because, ...source }) => (
                <Source key={`${source.layer} ${source.path} ${source.rule}`} source={source} because={lostWords[because]} />
              ))}
            </TableTd>
          </TableTr>
        ))}
      </TableTbody>
    </Table>
  )
}

function Source({ source: { layer, path, rule, words, when, locked }, because }: { readonly source: RuleSource; readonly because?: string }) {
  const [, policy, file = ''] = path.split('/')
  return (
    <div>
      {layer}: {policy} {file.slice(0, -'.json'.length)}, rule {rule + 1}
      <Text size="xs" c="dimmed">
        {words}
        {when === null ? '' : `, when ${when}`}
        {locked ? ', locked' : ''}
        {because === undefined ? '' : ` – ${because}`}
      </Text>
    </div>
  )
}
