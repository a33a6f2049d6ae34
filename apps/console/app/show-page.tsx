// SPDX-License-Identifier: Apache-2.0
//
// How every page reads: as the user of its session, through the one door. A refusal becomes a page with its sentence, because Next hides
// the messages of errors that it catches itself.
import type { ReactNode } from 'react'
import { type ConsoleCalls, type RequestOf, type ResultOf, webDoor } from '../web-door/door.ts'
import { FaultAlert } from './parts/fault.tsx'
import { PageHead } from './parts/page-head.tsx'
import { requireSession } from './session.ts'

export type ReadConsole = <N extends keyof ConsoleCalls>(name: N, body: RequestOf<N>) => Promise<ResultOf<N>>

export async function showPage(draw: (read: ReadConsole) => Promise<ReactNode>): Promise<ReactNode> {
  const session = await requireSession()
  try {
    return await draw((name, body) => webDoor().call(session, name, body))
  } catch (error) {
    // Redirects of Next are errors with a digest and without a code.
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error
    return (
      <>
        <PageHead title={error.code === 'not-found' ? 'Not found' : 'This page cannot be shown'} />
        <FaultAlert fault={{ code: error.code, message: error.message }} />
      </>
    )
  }
}
