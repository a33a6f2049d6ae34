// SPDX-License-Identifier: Apache-2.0
import { Alert, Code, Group, Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core'
import { Digest } from '../../parts/digest.tsx'
import { fieldWords } from '../../parts/field-words.ts'
import { Moment } from '../../parts/moment.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Surface } from '../../parts/surface.tsx'
import { TableHead } from '../../parts/table-head.tsx'
import { showPage } from '../../show-page.tsx'

/** As many as a page bears; the command line gives them all. */
const shown = 300

export default function AuditPage() {
  return showPage(async (read) => {
    const { entries, head } = await read('read-audit', {})
    return (
      <>
        <PageHead title="Audit" about="Every act, in a chain: each line names the digest of the line before it." />
        <Alert variant="light" color="petrol" mb="md" title="The chain holds">
          <Group gap="xs">
            <Text size="sm">
              All {entries.length} lines follow each other. Keep the digest of the last line elsewhere to notice a rewritten chain:
            </Text>
            <Digest value={head} whole />
          </Group>
        </Alert>
        <Surface
          title="Entries"
          about={entries.length > shown ? `The newest ${shown}; \`casemate-admin audit\` gives them all.` : 'Newest first.'}
          flush
        >
          <Table className="figures stacked" verticalSpacing={6} highlightOnHover>
            <TableHead titles={['Line', 'When', 'Who', 'What', 'To what', 'Details']} />
            <TableTbody>
              {entries
                .slice(-shown)
                .reverse()
                .map(({ seq, at, actor, action, subject, details }) => (
                  <TableTr key={seq}>
                    <TableTd>{seq}</TableTd>
                    <TableTd style={{ whiteSpace: 'nowrap' }}>
                      <Moment at={at} />
                    </TableTd>
                    <TableTd>{actor.replace(/^operator:/, '')}</TableTd>
                    <TableTd style={{ whiteSpace: 'nowrap' }}>
                      <Code>{action}</Code>
                    </TableTd>
                    <TableTd className="long">{subject}</TableTd>
                    <TableTd className="long" maw="26rem">
                      <Text size="xs" c="dimmed" lineClamp={2}>
                        {fieldWords(details)}
                      </Text>
                    </TableTd>
                  </TableTr>
                ))}
            </TableTbody>
          </Table>
        </Surface>
      </>
    )
  })
}
