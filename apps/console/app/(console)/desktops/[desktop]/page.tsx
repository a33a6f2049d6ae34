// SPDX-License-Identifier: Apache-2.0
import { SimpleGrid } from '@mantine/core'
import { FaultAlert } from '../../../parts/fault.tsx'
import { LinkButton } from '../../../parts/link-button.tsx'
import { PageHead } from '../../../parts/page-head.tsx'
import { Surface } from '../../../parts/surface.tsx'
import { showPage } from '../../../show-page.tsx'
import { ActivationForm } from '../activation-form.tsx'
import { AssignForm } from '../assign-form.tsx'
import { SecretsForm } from '../secrets-form.tsx'
import { ReleaseList } from './release-list.tsx'

export default function DesktopPage({ params }: { readonly params: Promise<{ readonly desktop: string }> }) {
  return showPage(async (read) => {
    const { desktop: name } = await params
    const { desktops } = await read('list-desktops', {})
    const desktop = desktops.find((one) => one.name === name)
    if (desktop === undefined) {
      return (
        <>
          <PageHead title="Not found" up={{ href: '/desktops', label: 'Desktops' }} />
          <FaultAlert fault={{ code: 'not-found', message: `there is no desktop \`${name}\`` }} />
        </>
      )
    }
    const { title, assignments, activation } = desktop
    const secrets = await read('list-desktop-secrets', { desktop: name })
    const { releases } = await read('list-releases', { desktop: name })
    return (
      <>
        <PageHead title={title} about={name} up={{ href: '/desktops', label: 'Desktops' }}>
          <LinkButton href={`/releases/new?desktop=${encodeURIComponent(name)}`}>New release</LinkButton>
        </PageHead>
        <ReleaseList desktop={name} releases={releases} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" verticalSpacing={0}>
          <Surface title="Assigned to" about="Devices that it concerns are woken at once.">
            <AssignForm desktop={name} assignments={assignments} />
          </Surface>
          <Surface title="Activation" about="What the policy can ask for before a device gets the package’s key.">
            <ActivationForm desktop={name} most={activation.most} hasPassword={activation.hasPassword} keys={activation.keys} />
          </Surface>
        </SimpleGrid>
        <Surface title="Secrets" about="What the package’s customization files ask for. They go to activated devices, with their leases.">
          <SecretsForm desktop={name} listed={secrets} />
        </Surface>
      </>
    )
  })
}
