// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react'
import { webDoor } from '../../web-door/door.ts'
import { Frame } from '../frame/frame.tsx'
import { requireSession } from '../session.ts'

/** Everything here is read for each request: nothing of an organisation may be kept by Next. */
export const dynamic = 'force-dynamic'

export default async function ConsoleLayout({ children }: { readonly children: ReactNode }) {
  const session = await requireSession()
  const organisation = await webDoor().call(session, 'describe-organisation', {})
  const { user } = organisation
  const waiting = user.rights.includes('approval:see') ? (await webDoor().call(session, 'list-pending', {})).pending.length : null
  return (
    <Frame organisation={organisation.title} custody={organisation.custody} user={user} waiting={waiting}>
      {children}
    </Frame>
  )
}
