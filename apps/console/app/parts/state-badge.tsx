// SPDX-License-Identifier: Apache-2.0
import { Badge } from '@mantine/core'

const colours: Readonly<Record<string, string>> = {
  ...{ active: 'petrol', published: 'petrol', done: 'petrol', ready: 'petrol', verified: 'petrol', compliant: 'petrol' },
  ...{ waiting: 'yellow', running: 'blue', uploading: 'blue', silent: 'orange', behind: 'orange', suspended: 'orange' },
  ...{ revoked: 'red', failed: 'red', broken: 'red', disabled: 'gray', different: 'red' },
}

/** A state in its colour, never by colour alone. */
export function StateBadge({ state, words }: { readonly state: string; readonly words?: string }) {
  return (
    <Badge
      variant="light"
      radius="sm"
      color={colours[state] ?? 'gray'}
      tt="none"
      fw={550}
      c="var(--mantine-color-text)"
      miw="max-content"
      style={{ flexShrink: 0 }}
    >
      {words ?? state}
    </Badge>
  )
}
