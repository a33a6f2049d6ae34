// SPDX-License-Identifier: Apache-2.0
import { Code, Divider, Group, Stack, Text, Title } from '@mantine/core'
import type { ResultOf } from '../../../web-door/door.ts'
import { Digest } from '../../parts/digest.tsx'
import { sizeWords } from '../../parts/size-words.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { Surface } from '../../parts/surface.tsx'
import { ApproveForm } from './approve-form.tsx'
import { ChangesView } from './changes-view.tsx'
import { KeyFileForm } from './key-file-form.tsx'
import { readChanges } from './read-changes.ts'
import { readableText } from './readable-text.ts'

type Version = ResultOf<'read-pending'>

/** One version that waits: what it adds and removes, who has signed, the bytes' digest, and the acts. */
export function WaitingVersion({ version, here }: { readonly version: Version; readonly here: boolean }) {
  const { role, sha256, author, expires, added, removed, keys, progress, signedBy } = version
  return (
    <Surface
      title={`${titles[role] ?? role}, version ${version.version}`}
      about={`Put forward by ${author}; valid until ${expires.slice(0, 10)}`}
      side={progress.map(({ by, given, needed }) => (
        <StateBadge key={by} state="waiting" words={`${given} of ${needed} approvals${by === 'waiting' ? ' of the new keys' : ''}`} />
      ))}
    >
      <Stack gap="sm">
        {added.map(({ path, length, sha256: digest }) => (
          <Target
            key={path}
            path={path}
            about={`${sizeWords(length)}, added`}
            digest={digest}
            content={version.targets.find((target) => target.path === path)}
          />
        ))}
        {removed.map(({ path, sha256: digest }) => (
          <Target key={path} path={path} about="removed" digest={digest} content={undefined} />
        ))}
        {keys.map((change) => (
          <Text key={change.role} size="sm">
            Keys of <Code>{change.role}</Code>: {change.threshold.before ?? 'none'} → {change.threshold.after ?? 'none'} needed
            {change.added.map(({ holder, keyId }) => `; adds ${holder} (${keyId.slice(0, 12)}…)`)}
            {change.removed.map(({ holder, keyId }) => `; removes ${holder} (${keyId.slice(0, 12)}…)`)}
          </Text>
        ))}
        {added.length + removed.length + keys.length > 0 ? null : <Text size="sm">Changes nothing but its expiry.</Text>}
        {signedBy.length === 0 ? null : <Text size="sm">Signed by {signedBy.map(({ holder }) => holder).join(', ')}</Text>}
        <Divider />
        <Group gap="xs">
          <Text size="sm">SHA-256 of the bytes to sign</Text>
          <Digest value={sha256} whole />
        </Group>
        <ApproveForm role={role} reviewed={sha256} here={here} />
        <KeyFileForm role={role} version={{ role, bytes: version.bytes, sha256, added, targets: version.targets }} />
      </Stack>
    </Surface>
  )
}

const titles: Readonly<Record<string, string>> = {
  packages: 'Packages',
  policies: 'Policies',
  releases: 'Releases',
  targets: 'Key lists',
  root: 'Root',
}

interface TargetProps {
  readonly path: string
  readonly about: string
  readonly digest: string
  readonly content: Version['targets'][number] | undefined
}

function Target({ path, about, digest, content }: TargetProps) {
  return (
    <div>
      <Group gap="xs" mb={4}>
        <Title order={3} className="long" ff="monospace" fz="sm">
          {path}
        </Title>
        <Text size="sm" c="dimmed">
          {about}
        </Text>
        <Digest value={digest} />
      </Group>
      {content === undefined ? null : <Content content={content} />}
    </div>
  )
}

/** What changes against the published one, with the whole below it; the whole where there is nothing to compare with. */
function Content({ content }: { readonly content: Version['targets'][number] }) {
  const { path, bytes, former } = content
  const changes = readChanges(former, content)
  const whole = (
    <section aria-label={`Content of ${path}`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className="surface text" tabIndex={0}>
        {readableText(bytes)}
      </pre>
    </section>
  )
  if (changes === null || former === null) return whole
  return (
    <section aria-label={`Changes in ${path}`}>
      <Text size="sm" c="dimmed" mb={4} className="long">
        Against {former.path}, which is published:
      </Text>
      <ChangesView changes={changes} />
      <details>
        <Text component="summary" size="sm" py={6} style={{ cursor: 'pointer' }}>
          Show all of it
        </Text>
        {whole}
      </details>
    </section>
  )
}
