// SPDX-License-Identifier: Apache-2.0
import { Empty } from '../../../parts/empty.tsx'
import { LinkButton } from '../../../parts/link-button.tsx'
import { PageHead } from '../../../parts/page-head.tsx'
import { showPage } from '../../../show-page.tsx'
import { ReleaseForm } from './release-form.tsx'

export default function NewReleasePage({ searchParams }: { readonly searchParams: Promise<{ readonly desktop?: string }> }) {
  return showPage(async (read) => {
    const { desktop } = await searchParams
    const [{ packages }, { policies }, { desktops }] = [
      await read('list-packages', {}),
      await read('list-policies', {}),
      await read('list-desktops', {}),
    ]
    const published = packages.filter(({ publishedAt }) => publishedAt !== null).map(({ name, version }) => ({ name, version }))
    const layers = policies.flatMap(({ name, versions }) =>
      versions.filter(({ publishedAt }) => publishedAt !== null).map(({ version }) => ({ name, version })),
    )
    const known = desktops.map(({ name, title }) => ({ name, title }))
    return (
      <>
        <PageHead
          title="New release"
          about="A package under its policy layers, for one desktop. Roll-back too is a new release, of old content."
          up={{ href: '/releases', label: 'Releases' }}
        />
        {published.length === 0 ? (
          <Empty title="No package is published" act={<LinkButton href="/approvals">To the approvals</LinkButton>}>
            A release names a package that was approved. Seal a machine and approve its package first.
          </Empty>
        ) : (
          <ReleaseForm packages={published} policies={layers} desktops={known} desktop={desktop ?? ''} />
        )}
      </>
    )
  })
}
