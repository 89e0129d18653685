/** The active currencies of ISO 4217 (2024), funds and metals left out: nobody is billed in them. */
const codes = new Set(
  `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
  CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
  GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
  LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
  NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
  STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD
  XCG XOF XPF YER ZAR ZMW ZWG`.split(/\s+/),
)

/** Whether `code` is one of ISO 4217's currencies, in capitals as the standard writes it. */
export function isCurrency(code: string): boolean {
  return codes.has(code)
}

/** Decimals of the amounts of these; of all others two (ISO 4217, list one, 2024). */
const decimals: Readonly<Record<string, number>> = {
  ...digitsOf(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'),
  ...digitsOf(3, 'BHD IQD JOD KWD LYD OMR TND'),
}

function digitsOf(digits: number, list: string): Record<string, number> {
  return Object.fromEntries(list.split(' ').map((code) => [code, digits]))
}

/**
 * Decimals that amounts of a currency have: 2 for USD, 0 for JPY, 3 for KWD. From the standard and not from
 * Intl, which follows custom where it differs and changes with its release.
 */
export function minorDigits(currency: string): number {
  return decimals[currency] ?? 2
}
