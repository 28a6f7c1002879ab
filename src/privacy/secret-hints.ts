/**
 * Whether a text can hold the name of a secret at all. Most prompts hold none, and making the names of all languages
 * ready takes longer than all else that adding a task does. Pure.
 */

/** Each name of secret-names.ts in Latin letters has one of these in it (test/text/secrets.test.ts). */
const HINT =
  /pass|dbpwd|rootpw|pswd|psk|key|wort|wachtwoord|schl|mot[\s_.-]?de|mots[\s_.-]|mdp|cl[ée][\s_.-]|cl[ée]f|cl[ée] ?d|contrase|clave|senha|palavra|parola|has[łl]o|heslo|lösen|adgang|şifre|code|c[óo]dig|codic|phrase|mnemonic|wallet|frase|kennsatz|combination|pinnumber|zug[aä]ng|geheimzahl|geheimnis|geheim|credential|creden|creds|login|daten|identifiants|auth|llave|chave|chiave|secret|token|jeton|(?<![a-z])(?:pin|puk|otp|pat|tan|pwd?|psw|cv[vc]2?)(?![a-z])/i;
/** The short ones at the end of a longer name. */
const SHORT = /[a-z](?:Pin|Puk|Otp|Pat|Pwd?|Psw|Cv[vc])(?![a-z])/;
/** The words of command-secrets.ts. */
const COMMAND =
  /redis-cli|ssh-keygen|\bldap|\bzip\b|docker\s+login|\bmongo|az login|ipmitool|rdesktop|htpasswd|smbclient|rpcclient|cifs|net\s+(?:use|user|rpc)|\b7z|\/p:|\becho\b|pass:|identified|requirepass|masterauth|SecureString|username|enable|key-string|snmp-server|wpa|pre-shared|wifi:|nmcli|PDO|mysqli|getConnection|(?:connect|login|imap_open)\(|\$apr1\$|SHA(?:256|512)?\}|\bjwt|jsonwebtoken|\bjose\.|hmac|SignedString|SecurityKey|SecretKeySpec|signWith|setSigningKey|cipheriv|openssl_|CryptoJS|Fernet|cookieParser|pbkdf2|scrypt|Serializer\(|AcsClient|DefaultProfile|\.Auth\(|Credential|NewClientWith|[a-z]\.key\b|pgpass|:\d{4,5}:/i;

export const mayNameSecret = (text: string): boolean =>
  /[^\0-\x7f]/.test(text) || HINT.test(text) || SHORT.test(text);

export const mayCommandSecret = (text: string): boolean => COMMAND.test(text);

/** What told-code.ts looks for: a number, and one of its words or a letter that is not of English. */
const TELLS_CODE =
  /[^\0-\x7f]|komb|schrank|kod\b|card|cart[ae]\b|karte|tarjeta|text(?:ed|s)\b|otp|verif|wi-?fi|zip\b|badge|shed|code|pin\b|pins\b|puk|comb|zahl|codi|clave|segredo|tan\b|otp|sms|open|lock|alarm|arm\b|safe|key|vault|door|gate|digits|parent|voice|mailbox|ipad|phone|tablet|tresor|sicherung|radio|tür|tor\b|schl|spind|koffer|keller|port|apre|ap[re]r|mensa|confirm|bank|banque|banca|banco|immeuble|molett|coffre|cadenas|casier|valise|puert|caja|candad|cofre|taquilla|malet|trastero|garag|cade|fechad|cancell|cassaf|lucchet|valig|serrat|cantina|bonifico|buz|messag|r[eé]pond|unit\b|suitcase|senha|passe\b|word|abr[aei]|apri|ouvr|luggage|switch|netflix/i;
export const mayTellCode = (text: string): boolean =>
  /\d{3}|\d[ *#、,-] ?\d|\d\p{Lu}|\d\s\p{L}/u.test(text) && (TELLS_CODE.test(text) || /\d{3}#/.test(text));

/** What login-told.ts looks for: letters with a digit or a sign, and a word of a login. */
const TELLS_LOGIN =
  /[^\0-\x7f]|pass|\bpwd?\b|mdp|log|sign|ssh|rdp|ftp|vnc|cred|account|user|admin|root|acce|aces|meld|zugang|benutzer|konto|nutzer|connect|identif|compte|utili|ses[si]|usuari|entra|cuenta|conta|clave|contrase|senha|palavra|parola|wort|utente|wi-?fi|wlan|ssid|router|hotspot|let me|let us|capital|upper-?case|lower-?case|\bspaces|maj[uú]sc|min[uú]sc|mai[uú]sc|espaces|attach|junto|spazi|leerz|gro(?:ß|ss)|klein|zusammen|opens|unlock|\bzip|\brar|unpack|extract|decrypt|entpack|öffne|ouvr|abre|apre|try |retry|versuch|essa[iy]|prueba|tent[ae]|prova|icloud|portal|entr[eé]|apple|typed|locked|[a-z\d] ?[/:→] [a-z]|\w\/\w+[!#$]|@|\d\.\d/i;
export const mayTellLogin = (text: string): boolean =>
  /[A-Z][a-z]{2,}[!#$&*][A-Za-z]*\d|[a-z]{4}!\d\d/.test(text) ||
  (/[a-z][!#$?^&*%+._-]?\d|\d[a-z]|[!#$?*]\d|\d{8}/i.test(text) && TELLS_LOGIN.test(text));

/** Whether any of it is worth a closer search (search-closely.ts). */
export const mayHoldSecret = (text: string): boolean =>
  mayCommandSecret(text) || mayNameSecret(text) || mayTellCode(text) || mayTellLogin(text);

const FAMILY_WORDS: ReadonlySet<string> = new Set(['password', 'secret', 'apikey', 'privatekey', 'token']);

/** Whether a word of `security.sensitive_patterns` asks for families, and not only for itself. */
export const isFamilyWord = (word: string): boolean => FAMILY_WORDS.has(bareName(word));

/** `api key`, `api_key` and `API-KEY` are one name. */
export const bareName = (name: string): string => name.toLowerCase().replaceAll(/[\s_.'’-]+/g, '');
