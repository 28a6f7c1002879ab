/** Whether what stands beside the name of a secret can be its value. Pure. */
import { NAMES } from '../words/secret-names.ts';

/**
 * `none` is a placeholder, code, a path, a date; `word` has letters alone, as many a sentence goes on; `value` has
 * what ordinary words have not: digits or signs among its letters.
 */
export type Kind = 'none' | 'word' | 'number' | 'value';

export const kindOf = (value: string): Kind => {
  if (value === '' || value.length > 4096 || isPlaceholder(value) || isPlace(value)) return 'none';
  if (/^\d+$/.test(value)) return 'number';
  if (/^[\p{L}\p{M}]+(?:[-_'. ][\p{L}\p{M}]+)*$/u.test(value)) return namesItself(value) ? 'none' : 'word';
  if (!/[\p{L}\p{N}]/u.test(value)) return 'none';
  // `4829-1039` and `12:30` have no letter.
  if (!/\p{L}/u.test(value))
    return /\d[!@#$%^&*?+]|[!@#$%^&*?+]\d|^\d{3,}-\d{3,}|^\d\d-\d\d-\d\d$/.test(value) ? 'value' : 'none';
  return 'value';
};

const FILLERS =
  /^(?:[x*•.\-_#?=~…]{2,}|[*•…?])$|x{4}|\*{3}|•{2}|\.{3}|…|<[^<>]{0,80}>|\$\{|\$\(|\{\{|#\{|\{[A-Za-z_][\w.]*\}/i;
const REFERENCES =
  /^\^?\(\?[=!:<]|^\/?\^|^[A-Z]\w*\?$|^(?:[<[{(]|\$[A-Za-z_]\w*$|\$\{|%[({]|%\w+%$|%\w+\(|%[sdv]$|@[\w.]+@$|__\w+__$|:\w+$|#\{|&\w+;?$|!(?:vault|Ref|Sub|GetAtt|ImportValue)\b|(?:vault|op|env|file|ref|secret|arn|projects|ssm|gcp|keyring|doppler|\w+\+aws):[/\w])/;
const PLACEHOLDERS = new RegExp(
  `^(?:${[
    'change[-_ ]?(?:me|it|this|that|now|in)[a-z]*(?:[-_ ].*)?|to[-_ ]?be[-_ ].*|replace(?:d|[-_ ]?(?:me|this|with|by))?(?:[-_ ].*)?',
    'todo|tbd|fixme|redacted|removed|filtered|masked|hidden|omitted|elided|placeholder|none|null|nil|undefined|nan|unset',
    'empty|blank|true|false|yes|no|on|off|required|optional|mandatory|string|str|text|varchar|char|int|integer|number|bool',
    'boolean|bytes|buffer|object|any|unknown|void|never|uuid|default|example|sample|dummy|n/?a|auto|bearer|basic|jwt',
    'obligatoire|erforderlich|pflichtfeld|obligatorio|obligatório|obbligatorio|обязательно|必須|必填|필수|任意|可选|선택',
    '(?:your|my|the|some|any|insert|enter|put|paste|type|add|use|provide|our)[-_ ].*|your[A-Za-z]+|[-_ \\w]*[-_ ]here',
    'u?int\\d+\\w*|float\\d+\\w*|[iuf](?:8|16|32|64|128)|vec[234]|bin|env|var|input|value|val|data|args?|params?|result|res|line|self|this|item|row|entry|raw|plain|plaintext',
  ].join('|')})$`,
  'iu',
);

const set = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));
/** Before the name of a secret: whose it is, or that it has to be put in. */
const WHOSE = set(
  `votre vos ton ta mon ma notre dein deine deinen ihr ihre ihren mein meine unser unsere tu tus su sus mi nuestra vuestra seu sua teu tua
  meu minha nossa tuo suo mio mia vostra ваш ваша ваше твой твоя мой моя inserta insertar introduzca ingrese ingresa insira coloque cole
  inserisci insérer insérez mettre mettez saisir hier aquí aqui ici qui вставьте введите укажите`,
);
const ARTICLES = set('il la le o a as os el los las die das den der');
/** As in names of variables, where accents are left out; those with accents are in secret-names.ts. */
const WHAT = set(
  `cle clef clave contrasena contrasenha llave chave chiave senha parola schluessel schlussel motdepasse mdp passwort kennwort parol klyuch
  valeur wert valor valore значение eintragen einfügen einfuegen einsetzen ersetzen ici hier aqui aquí qui сюда`,
);
const BEGINS = new RegExp(
  `^["'<[{(]{0,2}(?:${[...WHOSE].join('|')}|(?:${[...ARTICLES].join('|')})[-_ ])`,
  'i',
);
const CHANGED = new RegExp(
  `^(?:(?:à|a|zu|da|para|por|bitte)[-_ ]?)?(?:${[
    'changer|changez|compléter|completer|completar|completare|remplacer|remplacez|ändern|aendern|anpassen|ersetzen|ausfüllen|cambiar|c[aá]mbiame|cambiami|cambiare|reemplazar',
    'rellenar|mudar|mude|alterar|altere|trocar|troque|substituir|preencher|sostituire|modificare|compilare',
    'изменить|измените|замените|заменить|заполнить|смените',
  ].join('|')})(?:[-_ ]?(?:moi|mich|me|bitte|ici|hier|aqu[ií]|qui|isto|esto|questo|меня))?$`,
  'iu',
);
/** `votre_cle_api`, `tu-clave`, `IhrPasswort`, `cambiame`. */
const isForeignPlaceholder = (value: string): boolean => {
  if (value.length > 80) return false;
  if (CHANGED.test(value)) return true;
  // Most words are looked at no further.
  if (!BEGINS.test(value)) return false;
  const [first = '', second = '', ...rest] = subwords(value);
  const named = WHOSE.has(first) ? [second, ...rest] : ARTICLES.has(first) && WHOSE.has(second) ? rest : [];
  return named.some((part) => WHAT.has(part)) || namesItself(named.join(' '));
};

export const isPlaceholder = (value: string): boolean =>
  FILLERS.test(value) ||
  REFERENCES.test(value) ||
  (value.length <= 80 && PLACEHOLDERS.test(value)) ||
  /example|placeholder|redacted/i.test(value) ||
  isForeignPlaceholder(value);

const FILE =
  /^[\w@~.-]*\.(?:[cm]?[jt]sx?|py|md|txt|jsonc?|ya?ml|toml|env|pem|key|crt|cer|p12|pfx|sh|rb|go|rs|java|kt|swift|[ch](?:pp)?|html?|s?css|csv|pdf|png|jpe?g|svg|conf|cfg|ini|log|xml|sql|tf|lock|zip|gz|exe|dll|so|com|org|net|io|dev)$/i;

/** An address, a path, a file, a version, a date, a measure, a colour, a variable's path: it says where or when. */
const isPlace = (value: string): boolean =>
  /^[a-z][\w+.-]{0,20}:\/\//i.test(value) ||
  /^(?:\.{1,2}|~)?\/[\w./~*-]*$/.test(value) ||
  (value.includes('/') &&
    value.split('/').every((part) => /^(?:[a-z_-]*|\d{1,4}|[\w-]*\.\w{1,5})$/i.test(part)) &&
    value.split('/').length > 2) ||
  /^[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}$/i.test(value) ||
  /^[v^~=<>]{0,2}\d+\.\d+(?:\.[\w.+-]*)?$/i.test(value) ||
  /^\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:T[\d:.Z+-]*)?$/.test(value) ||
  /^\d{1,2}(?:[.:]\d{2}){1,2}$/.test(value) ||
  (/^[+-]?\d[\d.,_]*(?:px|r?em|%|ms|s|min|h|d|[kmg]i?b?|x|vh|vw|pt)?$/i.test(value) &&
    !/^\d+$/.test(value)) ||
  /^#[0-9a-f]{3,8}$/i.test(value) ||
  /^0x[0-9a-f]{1,8}$/i.test(value) ||
  FILE.test(value) ||
  /^[A-Z]+(?:\+[A-Z]\w*)+$/i.test(value);

/** `req.body.password`, `next()`, `os.environ["TOKEN"]`, `Optional[str]`, `t.token,n`: only where it stands unquoted. */
export const isCode = (value: string): boolean =>
  !/^[A-Z][a-z]{3,}\.[a-z]{3,}\d{1,3}$/.test(value) && looksLikeCode(value);

const looksLikeCode = (value: string): boolean =>
  /^[!&*-]?[A-Za-z_$][\w$.]*(?:\?\.|::|->|\(|\[)/.test(value) ||
  /^[A-Za-z_$][A-Za-z_$]*\d{0,2}(?:\.[A-Za-z_$][A-Za-z_$]*\d{0,2})+(?:[,;)\]}|&?:=(+].*)?$/.test(value) ||
  /^(?:await|new|async|function|lambda|typeof|return|self|this|null|undefined)$/.test(value) ||
  /^![01][,;)}\]]/.test(value) ||
  /=>|[({]$/.test(value);

/** The words that a name is made of: `dbPassword` and `DB_PASSWORD` are db and password. */
export const subwords = (name: string): string[] =>
  name
    .replaceAll(/(\p{Ll}|\d)(?=\p{Lu})/gu, '$1 ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');

/** Words for secrets that labels are made of, besides the names that are one word. */
const LABELS =
  'keys secrets passwords passworte auth credential schlüssel clé chave chiave ключ キー 鍵 密钥 열쇠 키 jetons segredo secreto segreto geheimnis secreta passe clef';
/** These are ordinary words, too. */
const ORDINARY: ReadonlySet<string> = new Set(['pin', 'pass', 'tan', 'mnemonic', 'login']);

const SELF: ReadonlySet<string> = new Set(
  [...Object.values(NAMES).flat(), ...LABELS.split(' ')].filter(
    (name) => !name.includes(' ') && !ORDINARY.has(name),
  ),
);

/** A label: `"password": "Passwort"`, `password: hashedPassword`. */
export const namesItself = (value: string): boolean => {
  if (subwords(value).some((part) => SELF.has(part))) return true;
  return /[^\0-\u024f]/.test(value) && FOREIGN_SELF.some((name) => value.includes(name));
};

const FOREIGN_SELF = [...SELF].filter((name) => /^[^\0-\u024f]{2}/.test(name));

/** No word of any language and no name of a thing: letters and digits change places again and again. */
export const isRandom = (value: string): boolean => {
  const runs = value.match(/[A-Za-z0-9]{10,}/g) ?? [];
  return runs.some((run) => switches(run) >= 3);
};

/** Told from the names of things that have a number, such as Windows11, KeePass2, SP800-63B and a1b2c3d. */
export const isStrong = (value: string): boolean =>
  value.length >= 6 &&
  /\d/.test(value) &&
  /[A-Za-z]/.test(value) &&
  !/^[0-9a-f]{6,}$/i.test(value) &&
  !/^[A-Z0-9._/#-]+$/.test(value) &&
  !/^[A-Za-z]+\d{0,4}[A-Za-z]*$/.test(value) &&
  !/^[\w.-]+[/\\][\w./\\-]+$/.test(value) &&
  !/[()[\]{}<>=]/.test(value) &&
  (/[!#$%^&*+?@]/.test(value) || (/[a-z]/.test(value) && /[A-Z]/.test(value)) || switches(value) >= 3);

/** How often letters and digits change places. */
const switches = (run: string): number => (run.match(/\d(?=[A-Za-z])|[A-Za-z](?=\d)/g) ?? []).length;

/** Names of things that people put beside the word: `password SHA256`, `token ERC20`. */
export const isTechnical = (value: string): boolean =>
  /^\d[A-Z][a-z]+$/.test(value) ||
  /^(?:laravel|python|libreoffice|openoffice|acrobat|photoshop|illustrator|indesign|winrar|winzip|autocad|powerpoint|safari|macos|ruby|perl|golang|dotnet|fedora|centos|java|ubuntu|debian|office|excel|word|outlook|chrome|firefox|angular|symfony|rails|django|node|drupal|typo|postgres|mysql|oracle|exchange|sharepoint|android|galaxy|iphone|ipad|snowflake|log|base|pkcs|radius|socks|mariadb|redis|kerberos|ntlm|crypt|sha|blake|scrypt|passkey|v|version|step|sha|md|hs|rs|es|aes|base|utf|oauth|rfc|iso|win|windows|python|http|ipv|erc|bip|bcrypt|pbkdf|argon|scrypt|keepass|tls|ssl|web|db|user|host|server|page|section|chapter|line|part|no|nr|token|key|id)[-_.]?\d+(?:\.\d+)*\w{0,3}$/i.test(
    value,
  );

/** In the place of a value, in what has the form of a key: `postgres://user:password@db`. */
export const isExample = (value: string): boolean => {
  const bare = value.replaceAll(/^["'`]+|["'`]+$/g, '');
  return (
    isPlaceholder(bare) || /^(?:pass|pw|pwd|passwd)$/i.test(bare) || (!/\d/.test(bare) && namesItself(bare))
  );
};
