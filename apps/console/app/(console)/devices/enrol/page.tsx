// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../../../parts/page-head.tsx'
import { showPage } from '../../../show-page.tsx'
import { CodeForm } from './code-form.tsx'

export default function EnrolPage() {
  return showPage(async (read) => {
    const { title } = await read('describe-organisation', {})
    return (
      <>
        <PageHead
          title="New enrolment code"
          about="It enrols one computer, once. It names your organisation’s root, this console’s address and its TLS key, so nobody can stand between."
          up={{ href: '/devices', label: 'Devices' }}
        />
        <CodeForm organisation={title} />
      </>
    )
  })
}
