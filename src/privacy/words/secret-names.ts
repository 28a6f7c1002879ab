/**
 * What people call a secret, by family and in the languages they write. A space stands for any separator or none:
 * `api key` is also api-key, apiKey, API_KEY and apikey. Pure data.
 */

/** What a value of the family looks like decides how much must speak for it: see secret-families.ts. */
export type Family =
  | 'password'
  | 'phrase'
  | 'pin'
  | 'codes'
  | 'account'
  | 'key'
  | 'any key'
  | 'secret'
  | 'token';

/** A name as a text has it. */
export interface Named {
  family: Family;
  /** As the text has it. */
  name: string;
  at: number;
  end: number;
  /** Where the same name comes next. */
  next: number;
  /** It is the end of a longer name: `dbPassword`, `DB_PASSWORD`. */
  isWithin: boolean;
  plural: boolean;
  /** It begins its line. */
  leads: boolean;
  /** A verb, an abbreviation or part of another word as often: more must speak for its value. */
  isShort: boolean;
}

/** The word of `security.sensitive_patterns` that asks for each family. */
export const FAMILY_OF_WORD: Readonly<Record<string, readonly Family[]>> = {
  password: ['password', 'phrase', 'pin', 'codes', 'account'],
  secret: ['secret'],
  apikey: ['key', 'any key'],
  privatekey: ['key'],
  token: ['token'],
};

/** Names between commas. */
const list = (text: string): readonly string[] => text.split(/,\s+/).map((name) => name.trim());

export const NAMES: Readonly<Record<Family, readonly string[]>> = {
  password:
    list(`chiave wifi, chiave del wifi, chave wifi, chave do wifi, ключ wifi, ключ от вайфая, clave wifi, wifi code, wi fi code, wlan code, code wifi, code wi fi, código wifi, codice wifi, wi fi key,
    password, passwd, passcode, pass, pwd, pw, pswd, psw, psk, pre shared key, wpa key, userpass, dbpass,
    dbpassword, dbpwd, mypassword, rootpw, rootpass, adminpass, pgpassword, wifi key, wlan key,
    network key, keypass, storepass, passwort, passwörter, kennwort, kennwörter, losungswort, codewort,
    zugangswort, wlan schlüssel, netzwerkschlüssel, sicherheitsschlüssel, datenbankpasswort,
    wlanpasswort, mot de passe, mots de passe, mdp, clé wifi, clef wifi, clé wpa, contraseña,
    contraseñas, contrasena, clave, clave de acceso, senha, senhas, palavra passe, parola d'ordine,
    parola di accesso, wachtwoord, hasło, heslo, lösenord, adgangskode, şifre, пароль, пароля, паролю,
    паролем, пароли, кодовое слово, パスワード, パスコード, 合言葉, 暗号化キー, セキュリティキー, ネットワークキー, 密码, 密碼, 口令, 비밀번호, 비번,
    암호, 패스워드, 暗号キー, 사전 공유 키, 사전공유키, 事前共有キー, 预共享密钥, clé pré partagée, clave precompartida, 提取码, 提取碼, 访问码, ключ сети, clé de sécurité, clave de red, chave de rede, chiave di rete, passe, 解凍パス, 閲覧パス, 解除パス, 접속 암호, 열람 비밀번호`),
  phrase:
    list(`passphrase, pass phrase, seed phrase, recovery phrase, mnemonic phrase, mnemonic, secret phrase,
    wallet seed, phrase secrète, phrase de passe, phrase de récupération, frase semilla, frase secreta,
    frase de recuperação, frase segreta, kennsatz, мнемоническая фраза, сид фраза, секретная фраза,
    frase de recuperación, frase di recupero, wiederherstellungsphrase,
    фраза восстановления, 恢复短语, 恢复词, 復元フレーズ, 복구 문구, 시드 문구, 니모닉, パスフレーズ, シードフレーズ, リカバリーフレーズ, 助记词, 助記詞, 시드 구문`),
  pin: list(`código de la alarma, código del portal, código do portão, código do alarme, código do prédio,
    codice cancello, codice del cancello, codice allarme, codice dell'allarme, codice del portone, code d'entrée,
    code de l'immeuble, code porte, code portail, code alarme, alarmcode, haustürcode, torcode, код домофона,
    код от домофона, код сигнализации, код от сигнализации, код ворот, 玄関の暗証番号, 门锁密码, 도어락 번호, combination, code de la porte, code du portail, code de l'alarme, codice della porta, código de la puerta,
    código da porta, pin コード, pin 码, pin 碼, pin 코드, pin 번호, pin 番号,
    pin, pincode, pin code, pin number, code pin, código pin, codigo pin, puk, otp, cvv, cvc, cvv2, tan,
    one time code, one time password, verification code, confirmation code, auth code, access code,
    door code, gate code, gate access code, alarm code, entry code, security code, unlock code,
    lock code, safe code, garage code, 2fa code, mfa code, sms code, login code, safe combination,
    lock combination, locker combination, vault combination, zugangscode, türcode, bestätigungscode,
    sicherheitscode, geheimzahl, freischaltcode, prüfcode, code d'accès, code de vérification,
    code secret, code de sécurité, digicode, code confidentiel, código de acceso, código de verificación,
    código de seguridad, código de acesso, código de verificação, código de segurança, codice d'accesso,
    codice di accesso, codice segreto, codice di verifica, codice di sicurezza, codice pin, пин, пин код,
    код подтверждения, код доступа, код от двери, код безопасности, код из смс, 暗証番号, 確認コード, 認証コード, 認証番号,
    アクセスコード, セキュリティコード, 検証コード, ピン番号, 验证码, 驗證碼, 校验码, 门禁密码, 인증번호, 인증 코드, 인증코드, 핀번호, 핀 번호, 보안코드`),
  codes: list(`recovery key, wiederherstellungsschlüssel, clé de récupération, clave de recuperación,
    chave de recuperação, chiave di recupero, ключ восстановления, 回復キー, 復旧キー, リカバリーキー, 恢复密钥, 복구 키,
    recovery code, recovery codes, backup code, backup codes, scratch codes, rescue codes,
    wiederherstellungscode, wiederherstellungscodes, backup schlüssel, code de récupération,
    codes de récupération, códigos de recuperación, códigos de recuperação, codici di recupero,
    коды восстановления, резервные коды, リカバリーコード, バックアップコード, 回復コード, 恢复码, 复原码, 복구 코드, 복구코드, 백업 코드`),
  account: list(`zugang, zugänge, basic auth, http auth, auth,
    credential, credentials, creds, login, logins, zugangsdaten, anmeldedaten, logindaten, identifiants,
    credenciales, credenciais, credenziali, учётные данные, учетные данные, логин, ログイン情報, 認証情報, 接続情報,
    账号密码, 帐号密码, 登录信息, 로그인 정보, 계정 정보, 접속 정보`),
  key: list(`unseal key, schlüssel für die api, api key, secret key, private key, master key, signing key, signature key, encryption key,
    decryption key, app key, application key, access key, auth key, license key, licence key,
    product key, activation key, serial key, ssh key, deploy key, account key, shared key, service key,
    subscription key, hmac key, aes key, cipher key, root key, secret access key, api schlüssel,
    geheimer schlüssel, geheimschlüssel, privater schlüssel, zugriffsschlüssel, zugangsschlüssel,
    lizenzschlüssel, hauptschlüssel, clé api, clé d'api, clé secrète, clé privée, clé d'accès,
    clé de chiffrement, clef secrète, clé de licence, clave api, clave de api, clave secreta,
    clave privada, clave de cifrado, llave secreta, llave privada, chave api, chave de api, chave da api,
    chave secreta, chave privada, chave de acesso, chiave api, chiave segreta, chiave privata,
    chiave di accesso, chiave d'accesso, секретный ключ, приватный ключ, закрытый ключ, ключ api,
    ключ доступа, ключ шифрования, api ключ, api キー, シークレットキー, 秘密鍵, 秘密キー, アクセスキー, 認証キー, 暗号鍵, ライセンスキー,
    マスターキー, api 密钥, api 密鑰, 密钥, 密鑰, 私钥, 私鑰, api 키, 비밀 키, 개인 키, 액세스 키, 시크릿 키, 인증 키, 암호화 키, 라이선스 키`),
  'any key': ['key'],
  secret: list(
    `secreto del cliente, secret du client, secret, client secret, shared secret, app secret, シークレット, 시크릿, секрет, geheimnis`,
  ),
  token: list(`pat, personal access token,
    token, tokens, jeton, access token, authtoken, accesstoken, zugriffstoken, zugangstoken, トークン, 令牌,
    토큰, токен, токена, токеном`),
};

/** After the word in a name, and still the same thing: `PASSWORD_PROD`, `api-key-2`, `SECRET_KEY_BASE`. */
export const NEUTRAL_TAIL: ReadonlySet<string> = new Set(
  `prod production dev development staging stage test testing local live old new current value val base plain
  plaintext confirm confirmation repeat again admin root user db database main primary secondary default us eu v`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Before the word in a name or a sentence, and then it is another thing. */
export const OTHER_THING: ReadonlySet<string> = new Set(
  `max min num count total public primary foreign unique sort partition cache composite candidate natural surrogate
  next page prev input output forward backward starting lock change orig cursor continuation sync pad eos bos unk mask sep cls stop cancellation cancel unexpected invalid
  missing wrong illegal pass hot shortcut row range hash idempotency dedup i18n translation object map dict sub palabra palabras palavra palavras`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** After the word in a sentence, and then that is spoken of: `token limit`, `password policy`. */
export const SPOKEN_OF: ReadonlySet<string> = new Set(
  `limit limits length count budget usage size policy policies manager managers field fields hash hashes hashing
  reset rules rule strength generator authentication auth endpoint bucket file files protected protection prompt
  requirements requirement complexity rotation expiry expiration form forms input page screen validation validator
  type types name names id ids holder box vault store storage less based bearer format parser counter encoder
  combination combinations santa garden recipe ingredient service agent society weapon sauce agreement`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
