// SPDX-License-Identifier: Apache-2.0
import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: the petrol of the launcher, from tint to ink. */
const petrol: MantineColorsTuple = ['#e6f6f4', '#d0ebe7', '#a3d7d0', '#70c2b7', '#48b0a3', '#2fa596', '#1f9a8b', '#0f7f73', '#0b6b62', '#04564e']

/** The greys of the dark look, with a little of the blue of its ground. */
const dark: MantineColorsTuple = ['#d5dae1', '#b4bcc7', '#939daa', '#6a7583', '#3a414b', '#2c323a', '#23282f', '#1c2026', '#15181c', '#101317']

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  colors: { petrol, dark },
  defaultRadius: 'sm',
  fontFamily: 'system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Liberation Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '0.78rem', sm: '0.875rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.2rem' },
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.4rem', lineHeight: '1.3' },
      h2: { fontSize: '1.05rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
})
