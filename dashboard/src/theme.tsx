import {
  type CSSVariablesResolver,
  createTheme,
  DEFAULT_THEME,
  MantineProvider,
} from '@mantine/core'
import type { ReactNode } from 'react'

const [r0, r1, r2, r3, r4, r5, r6, r7, , r9] = DEFAULT_THEME.colors.red

const theme = createTheme({
  // Mantine's eighth red is a hair too pale for text on the red of what is pointed at (WCAG's 4.5 : 1).
  colors: { red: [r0, r1, r2, r3, r4, r5, r6, r7, r9, '#b02525'] },
  fontFamily: 'system-ui, sans-serif',
  // White on lighter ones is too pale for small text, in the dark too.
  primaryShade: 8,
  // Contrast of text on filled parts, whatever the colour.
  autoContrast: true,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Modal: {
      // To hold the page behind it, it would write a style element, which the policy refuses; main.css does.
      defaultProps: { lockScroll: false, closeButtonProps: { 'aria-label': 'Close' } },
    },
  },
})

/** Mantine's own are too pale for small text by WCAG's 4.5 : 1. */
const readable: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': colors.gray[7],
  },
  dark: { '--mantine-color-dimmed': colors.dark[1], '--mantine-color-placeholder': colors.dark[1] },
})

/** The answer's own nonce: without it the policy refuses Mantine's one style element. */
function styleNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')
  return meta?.nonce ?? ''
}

/** Light or dark as the system has it, until somebody chooses (kept in localStorage). */
export function Theme({ children }: { children: ReactNode }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={readable}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      {children}
    </MantineProvider>
  )
}
