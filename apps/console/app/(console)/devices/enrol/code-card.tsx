'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Center, Code, CopyButton, Stack, Text } from '@mantine/core'
import { encode } from 'uqr'
import { Surface } from '../../../parts/surface.tsx'

/** The code as text and as a picture for a camera. */
export function CodeCard({ code, organisation }: { readonly code: string; readonly organisation: string }) {
  return (
    <Surface title="Enrolment code" about={`Shown once. Type or scan it in the launcher of the computer that joins ${organisation}.`}>
      <Stack gap="sm">
        <Center>
          <QrCode text={code} />
        </Center>
        <Code block className="long" style={{ whiteSpace: 'pre-wrap' }} data-testid="enrolment-code">
          {code}
        </Code>
        <CopyButton value={code}>
          {({ copied, copy }) => (
            <Button variant="light" onClick={copy}>
              {copied ? 'Copied' : 'Copy code'}
            </Button>
          )}
        </CopyButton>
        <Text size="sm" c="dimmed">
          Whoever has this code can enrol one computer. Send it by a way that you trust.
        </Text>
      </Stack>
    </Surface>
  )
}

/** Dark on light in both looks: cameras expect it. */
function QrCode({ text }: { readonly text: string }) {
  const { data, size } = encode(text, { border: 3 })
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      width="100%"
      style={{ maxWidth: 300 }}
      role="img"
      aria-label="Enrolment code as QR code"
      shapeRendering="crispEdges"
    >
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#101418" d={path} />
    </svg>
  )
}
