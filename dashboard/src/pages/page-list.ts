import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

export interface Viewer {
  admin: boolean
  account: { id: string; name: string; currency: string } | null
}

export interface Page {
  /** Below /dashboard. */
  path: string
  title: string
  adminOnly: boolean
  /** A chunk of its own, loaded when it is opened first. */
  View: LazyExoticComponent<ComponentType<{ viewer: Viewer }>>
}

const overview = lazy(async () => {
  const { Overview } = await import('./overview/overview.tsx')
  return { default: Overview }
})

const keys = lazy(async () => {
  const { Keys } = await import('./keys/keys.tsx')
  return { default: Keys }
})

const alerts = lazy(async () => {
  const { Alerts } = await import('./alerts/alerts.tsx')
  return { default: Alerts }
})

const explore = lazy(async () => {
  const { Explore } = await import('./explore/explore.tsx')
  return { default: Explore }
})

const billing = lazy(async () => {
  const { Billing } = await import('./billing/billing.tsx')
  return { default: Billing }
})

const calendar = lazy(async () => {
  const { Calendar } = await import('./calendar/calendar.tsx')
  return { default: Calendar }
})

const admin = lazy(async () => {
  const { Admin } = await import('./admin/admin.tsx')
  return { default: Admin }
})

const analytics = lazy(async () => {
  const { Analytics } = await import('./analytics/analytics.tsx')
  return { default: Analytics }
})

/** In the order of the navigation. A new page is an entry here and a folder beside it. */
export const pages: readonly Page[] = [
  { path: '/', title: 'Overview', adminOnly: false, View: overview },
  { path: '/keys', title: 'Keys', adminOnly: false, View: keys },
  { path: '/alerts', title: 'Alerts', adminOnly: false, View: alerts },
  { path: '/billing', title: 'Billing', adminOnly: false, View: billing },
  { path: '/calendar', title: 'Tax calendar', adminOnly: false, View: calendar },
  { path: '/explore', title: 'Explore', adminOnly: false, View: explore },
  { path: '/analytics', title: 'Analytics', adminOnly: false, View: analytics },
  { path: '/admin', title: 'Admin', adminOnly: true, View: admin },
]
