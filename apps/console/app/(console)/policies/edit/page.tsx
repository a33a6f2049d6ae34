// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../../../parts/page-head.tsx'
import { showPage } from '../../../show-page.tsx'
import { nextVersion } from './next-version.ts'
import { PolicyEditor } from './policy-editor.tsx'
import { emptyPolicyText, setIn } from './policy-text.ts'
import { conditionForm, settingForms } from './setting-forms.ts'

type Query = Promise<{ readonly name?: string; readonly version?: string }>

/** A new policy, or the next version of `?name=&version=`. */
export default function EditPolicyPage({ searchParams }: { readonly searchParams: Query }) {
  return showPage(async (read) => {
    const { name, version } = await searchParams
    const from = name === undefined || version === undefined ? null : { name, version }
    const start = from === null ? emptyPolicyText : setIn((await read('read-policy', from)).yaml, ['version'], nextVersion(from.version))
    return (
      <>
        <PageHead
          title={from === null ? 'New policy' : `New version of ${from.name}`}
          about="Form and text are the same document. Nothing applies before it is approved and a release names it."
          up={{ href: '/policies', label: 'Policies' }}
        />
        <PolicyEditor start={start} settings={settingForms()} condition={conditionForm()} />
      </>
    )
  })
}
