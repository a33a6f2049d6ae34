// SPDX-License-Identifier: Apache-2.0
import { Code, Text } from '@mantine/core'
import { PageHead } from '../../../../parts/page-head.tsx'
import { Surface } from '../../../../parts/surface.tsx'
import { showPage } from '../../../../show-page.tsx'
import { SettingsTable } from './settings-table.tsx'

export default function DeviceSettingsPage({ params }: { readonly params: Promise<{ readonly device: string; readonly desktop: string }> }) {
  return showPage(async (read) => {
    const { device, desktop } = await params
    const { name, serial, settings, refused } = await read('explain-device', { device, desktop })
    return (
      <>
        <PageHead
          title={`Settings of ${desktop}`}
          about="Each setting as it is in force there, the rule that decides it, and the rules that lost."
          up={{ href: `/devices/${device}`, label: name }}
        />
        {refused.length === 0 ? null : (
          <Surface title="It would not start there now">
            {refused.map(({ code, sentence, nextStep }) => (
              <Text key={sentence} size="sm">
                {sentence} {nextStep} (<Code>{code}</Code>)
              </Text>
            ))}
          </Surface>
        )}
        <Surface
          title={`Release ${serial}`}
          about="The console does not know in which network the device is: a rule for a network can only tighten here."
          flush
        >
          <SettingsTable settings={settings} />
        </Surface>
      </>
    )
  })
}
