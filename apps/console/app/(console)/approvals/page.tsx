// SPDX-License-Identifier: Apache-2.0

import { Empty } from '../../parts/empty.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { showPage } from '../../show-page.tsx'
import { KeyCustody } from './key-custody.tsx'
import { WaitingVersion } from './waiting-version.tsx'

export default function ApprovalsPage() {
  return showPage(async (read) => {
    const [{ pending }, { custody }] = [await read('list-pending', {}), await read('describe-organisation', {})]
    const { roles } = await read('list-key-custody', {})
    const waiting = await Promise.all(pending.map(({ role }) => read('read-pending', { role })))
    return (
      <>
        <PageHead title="Approvals" about="Exactly what would be signed. Nothing reaches a device before enough approvers have signed its bytes." />
        {waiting.length === 0 ? (
          <Empty title="Nothing waits for approval">
            A package, a policy or a release that is put forward appears here with everything it changes.
          </Empty>
        ) : (
          waiting.map((version) => <WaitingVersion key={version.role} version={version} here={custody.mode === 'single-operator'} />)
        )}
        <KeyCustody roles={roles} here={custody.mode === 'single-operator'} />
      </>
    )
  })
}
