/** An e-mail address in the form in which two are compared: NFC, trimmed, lower case. */
export const normaliseEmail = (address: string): string =>
  address.normalize('NFC').trim().toLowerCase().normalize('NFC');
