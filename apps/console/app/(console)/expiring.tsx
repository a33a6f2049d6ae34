// SPDX-License-Identifier: Apache-2.0
import { List, ListItem } from '@mantine/core'
import type { ResultOf } from '../../web-door/door.ts'
import { Surface } from '../parts/surface.tsx'
import { TextLink } from '../parts/text-link.tsx'
import { expiringWords } from './expiring-words.ts'

/** A notice: signatures that run out, and who can renew them. */
export function Expiring({ expiring }: { readonly expiring: ResultOf<'list-expiring'>['expiring'] }) {
  return (
    <Surface
      title="Signatures that run out"
      about="Devices take no update under an expired signature. What they have goes on until their lease ends."
    >
      <List size="sm" spacing={6}>
        {expiring.map((role) => (
          <ListItem key={role.role} className="long">
            {expiringWords(role)} {role.waiting ? <TextLink href="/approvals">Read and sign it.</TextLink> : null}
          </ListItem>
        ))}
      </List>
    </Surface>
  )
}
