// SPDX-License-Identifier: Apache-2.0
import '@mantine/core/styles.css'
import './console.css'
import { ColorSchemeScript, MantineProvider, mantineHtmlProps } from '@mantine/core'
import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { theme } from './theme.ts'

export const metadata: Metadata = { title: 'Casemate', robots: 'noindex' }
export const viewport: Viewport = { width: 'device-width', initialScale: 1 }

/** For each request anew: the nonce of its scripts is in the headers. */
export const dynamic = 'force-dynamic'

export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? ''
  return (
    <html lang="en" {...mantineHtmlProps}>
      <head>
        <ColorSchemeScript defaultColorScheme="auto" nonce={nonce} />
      </head>
      <body>
        <MantineProvider theme={theme} defaultColorScheme="auto">
          {children}
        </MantineProvider>
      </body>
    </html>
  )
}
