/** Passwords on command lines, in settings of databases and devices, and where one sign alone marks them. Pure. */
import { holdsCallKey } from './call-keys.ts';
import { isPlaceholder, kindOf } from './secret-values.ts';

/** The value is the group `value`; that of `any` may be a word. */
const FORMATS: readonly (readonly [name: string, pattern: RegExp])[] = [
  [
    'a password on a command line',
    /\b(?:redis-cli\s[^\n]{0,120}?-a|ldap(?:search|modify|add|delete|passwd)\s[^\n]{0,200}?-w|zip\s[^\n]{0,80}?-P|docker\s{1,3}login\s[^\n]{0,120}?-p|ssh-keygen\s[^\n]{0,160}?-[NP]|(?:mongo|mongosh|mongodump|az\s{1,3}login|ipmitool)\s[^\n]{0,160}?-[pP]|rdesktop\s[^\n]{0,120}?-p|htpasswd\s{1,3}-\w{0,3}b\w{0,3}\s{1,3}\S{1,80}\s{1,3}\S{1,40})\s{1,3}["']?(?<value>[^\s"'-][^\s"']{0,100})/gi,
  ],
  [
    'a password on a command line',
    /\b(?:smbclient|rpcclient|mount\.cifs|net\s{1,3}rpc)\s[^\n]{0,160}?-U\s{0,2}["']?[^\s%"']{1,60}%(?<value>[^\s"']{1,100})/gi,
  ],
  [
    'a password on a command line',
    /\bnet\s{1,3}use\s[^\n]{0,160}?\/user:\S{1,60}\s{1,3}(?<value>[^\s/]\S{0,100})|\bnet\s{1,3}user\s{1,3}\S{1,60}\s{1,3}(?<again>[^\s/]\S{0,100})\s{1,3}\/add/gi,
  ],
  [
    'a password on a command line',
    /\b7z[ar]?\s[^\n]{0,120}?\s-p(?<value>[^\s"']{3,100})|\/p:(?<again>[^\s"'/]{4,100})(?=[^\n]{0,100}\/[uv]:)|\bxfreerdp\s[^\n]{0,160}?\/p:["']?(?<third>[^\s"']{1,100})/gi,
  ],
  [
    'a password given to a command',
    /\becho\s{1,3}(?:-n\s{1,3})?["']?[\w.-]{1,40}:(?<value>[^\s"':]{1,100})["']?\s{0,3}\|\s{0,3}(?:sudo\s{1,3})?chpasswd/gi,
  ],
  [
    'a password given to a command',
    /\becho\s{1,3}(?:-n\s{1,3})?["']?(?<value>[^\s"'|]{1,100})["']?\s{0,3}\|\s{0,3}(?:sudo\s[^\n]{0,20}?-S|passwd|cryptsetup|kinit|docker\s{1,3}login)/gi,
  ],
  ['a password on a command line', /\s-?-?pass(?:in|out|word)?[\s=]{1,3}pass:(?<value>[^\s"']{1,100})/gi],
  [
    'a password of a database',
    /\bidentified\s{1,5}(?:with\s{1,3}\S{1,40}\s{1,3})?(?:by|as)\s{1,5}(?:password\s{1,3})?["'](?<value>[^"'\n]{1,200})["']/gi,
  ],
  [
    'a password in a call',
    /\b(?:new\s{1,3}PDO|mysqli(?:_connect)?|getConnection|ftp_login|imap_open|pg_connect|oci_connect|connect|login)\((?:[^()\n]{0,200}?,\s{0,3})?["'][^"'\n]{1,60}["']\s{0,3},\s{0,3}["'](?<value>[^"'\s]{5,64})["']/gi,
  ],
  [
    'a password of a server',
    /^[+>-]?[ \t]{0,8}(?:config set )?(?:requirepass|masterauth)\s{1,8}["']?(?<value>[^\s"']{1,100})/gim,
  ],
  [
    'a password in a script',
    /\bConvertTo-SecureString\s{1,5}(?:-String\s{1,5})?["'](?<value>[^"'\n]{1,200})["']/gi,
  ],
  [
    'a password of a device',
    /\b(?:username\s{1,3}\S{1,40}\s[^\n]{0,40}?(?:password|secret)|enable\s{1,3}(?:password|secret)|key-string|snmp-server\s{1,3}community|wpa-psk\s{1,3}ascii|pre-shared-key)\s{1,3}(?:[057]\s{1,3})?["']?(?<value>[^\s"']{4,100})/gi,
  ],
  [
    'a PostgreSQL password',
    /(?<![^\s"'`(])(?:\*|localhost|(?=[\w.-]{0,80}[.g-z])[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}):(?:5\d{3}|6432|6543|\*):[A-Za-z_*][\w$-]{0,62}:[A-Za-z_*][\w$.@-]{0,62}:(?<value>[^\s:"'`,]{4,100})(?![^\s"'`,)])/g,
  ],
  [
    'a key in a file',
    /(?<!(?:sum|hash|md5|sha-?\d{1,3}|fingerprint|commit|prüfsumme|empreinte|suma|хеш|ハッシュ)[^\n]{0,40})\b(?:master|production|staging|development|secret|private|signing|encryption|jwt|app|api|session)\.key["'`]?(?:\s?[:=]|\s{0,2}(?:を|は|の中身は|里是|的内容是|内容是|には|은|는|내용은))?\s{0,3}(?:\p{L}{1,8}\s){0,2}?(?:contains|contain|is|has|holds|says|reads|enthält|ist|contient|est|contiene|es|è|contém|é|содержит|это)?\s{0,3}(?:the\s|den\s|la\s|:\s?){0,2}["'`]?(?<value>[\da-f]{32}(?:[\da-f]{32})?|(?=[A-Za-z+/_-]{0,40}\d)[A-Za-z\d+/_-]{40,88}={0,2})(?![\w+/=-])/giu,
  ],
  ['a password of a wireless network', /\bwifi:(?:[A-OQ-Z]:[^;\n]{0,64};){0,4}P:(?<value>[^;\n]{4,64});/gi],
  [
    'a password of a wireless network',
    /\bnmcli\s[^\n]{0,120}\spassword\s{1,3}["']?(?<value>[^\s"']{1,64})|\bwpa_passphrase\s{1,3}\S{1,40}\s{1,3}["']?(?<again>[^\s"']{8,64})/gi,
  ],
  [
    'a hash of a password',
    /(?<value>\$apr1\$[./\w]{1,8}\$[./\w]{22}|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{20,120})/g,
  ],
];

export const findCommandSecret = (text: string): string | undefined => {
  for (const [name, pattern] of FORMATS) {
    for (const { groups } of text.matchAll(pattern)) {
      const value = Object.values(groups ?? {}).find((part) => part !== undefined) ?? '';
      if (name.startsWith('a hash') || (!isPlaceholder(value) && !['none', 'word'].includes(kindOf(value))))
        return name;
    }
  }
  return holdsCallKey(text) ? 'a key in a call' : undefined;
};
