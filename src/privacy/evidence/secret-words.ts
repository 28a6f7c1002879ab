/**
 * Words of secrets and logins, by what they speak for, in the languages people write; `*` stands for any letters.
 * Words of Chinese, Japanese and Korean are looked for within a text, all others whole. Pure data.
 */

export const SECRET_WORDS = {
  /** What a password is called. */
  password: `pass passes passwd password* passw passcode* passwort* kennwort* losung losungswort codewort zugangswort pw pwd psw pswd pwrd
    psk passwrd passwerd *passwort *kennwort *password *passwd *pwd wachtwoord* paswoord hasł* hasel heslo hesla lösen lösenord* adgangskode* passord*
    salasana* şifre* parola* sifre mdp motdepasse passe motpasse contraseña* contrasena* contraseñ* clave claves senha* senia segnapassword
    пароль* пароля пароле паролю пароли паролей пасс пас parol* *parol мима mima pwds userpass keypass storepass *userpass *rootpw *adminpw *dbpass *dbpw bimil
    bimilbeonho amho pasuwado anshō ansho haslo wpa wpapsk requirepass masterauth passphrase_pw secretword watchword codeword codewords
    pin_pass watchwoord motpass contra palavrapasse pawword passwort1 shibboleth losungsworte zauberwort merkwort sesam
    パスワード パス パスコード 合言葉 合い言葉 暗号キー 暗証 秘密の言葉 あいことば 密码 密碼 口令 暗号 通行码 暗语 비밀번호 비번 암호 패스워드 패스 암구호 열쇠말`,
  /** Secrets of several words. */
  phrase: `phrase phrases passphrase* mnemonic* seed seeds frase frases kennsatz *satz *phrase фраз* мнемон* сид phrasekey safeword zin fraza* wachtzin
    satz parolesegrete magicwords secretphrase seedphrase パスフレーズ フレーズ ニーモニック シード 短语 短語 助记词 助記詞 문구 문장 니모닉 시드 구문 잠금말`,
  /** Numbers that only their owner knows. */
  pin: `pin pins pincode* pinnummer pinkod* pinzahl geheimzahl* *geheimzahl geheimnummer puk puk1 puk2 otp otps tan tans mtan phototan cvv cvv2 cvc cvc2 csc cvn cryptogramme
    kartenprüfnummer prüfziffer пин пины пинкод* пук пина пину пином cvcod pincode pinko nip simpin kartenpin totp pinkode
    暗証番号 暗证 ピン 认证码 确认码 动态码 动态密码 验证码 驗證碼 校验码 핀번호 핀 인증번호 인증코드 보안코드 확인코드 ワンタイム 認証番号 認証コード 確認コード 検証コード 取件码 提取码 开箱码 入会码 安全码 背面三位 后三位`,
  /** What else a number is called that opens something. */
  code: `code codes keycode* entrycode doorcode gatecode accesscode *code código* codigo* codice codici digicode* kod kode kodu kodeen koodi kod* код* *код combination* combo combos *combo
    kombination* *kombination kombi combinaison* combinación* combinacion* combinação combinacao combinazion* комбинаци* цифр* digit digits zahlencode zahlenkombination ziffern ziffer chiffres cifre cifras
    dígitos segredo segredos numero número numéro nummer number numbers zahl zahlen номер* keynumber *zahl *nummer codigos *kod tastenfolge ziffernfolge
    コード 番号 ナンバー 数字 ダイヤル 桁 码 碼 代码 数字码 번호 코드 숫자 번지`,
  /** What may be a key of metal as well. */
  key: `key keys *key schlüssel* *schlüssel clé clés clef clefs clave_api llave llaves chave chaves chiave chiavi ключ* *ключ klyuch* kluch klucz sleutel nyckel nøkkel anahtar klíč apikey* *apikey apitoken
    psk hmac unsealkey keystr schluessel* *schluessel ssh キー 鍵 カギ かぎ 密钥 密鑰 钥匙 私钥 私鑰 秘钥 키 열쇠 シークレットキー 秘密鍵`,
  /** What is a secret by name. */
  secret: `secret secrets *secret token tokens *token authtoken jeton* *jeton credential* creds cred secreto secretos secreta segreto segreti segreta geheim* geheimnis* zugangsdaten anmeldedaten logindaten
    identifiants identifiant credenzial* credencia* учетные секрет* *секрет токен* tajne hemlig hemlighet geheime himitsu bearer authorization auth basic httpbasicauth himitu sekret* sekretny confidential confidentiel*
    разгласи* sigillo シークレット トークン 秘密 機密 認証情報 接続情報 ログイン情報 令牌 凭证 凭据 秘密 机密 토큰 시크릿 비밀 자격증명 접속정보 계정정보`,
  /** Whose login it is. */
  user: `user users username* usr login logins userid uid account accounts accnt acct benutzer* nutzer* konto konten kontos *konto kürzel kennung* anmeldename* loginname utilisateur* identité compte comptes
    usuario* usuaria usuário* cuenta* conta contas utilizador* utente utenti accountname matricola matricule логин* *логин учетк* учетн* аккаунт* юзер* пользовател* gebruiker* użytkownik* konta käyttäjä kullanıcı* bruker användar*
    admin administrator* administrador* amministrator* root guest sa gast operator operador operatore invité ospite invitado convidado mieter колл sysop superuser админ* оператор* зашел гость гостя
    login_id benutzername nick nickname handle member mitglied* membro adherent adhérent teacher 前台 ユーザ アカウント ログインid 会員 利用者 管理者 職員 账号 帐号 賬號 账户 用户 工号 登录名 계정 아이디 사용자 사번 관리자 회원 담당자`,
  /** What is done with a login. */
  enter: `login logon logins loggedin sudo su gpg kinit log logs logging logged signin signon sign signed ssh rdp sftp ftp vnc telnet access accesses credentials connect connects connected connecting connection authenticate* let
    anmeld* angemeldet einlogg* eingeloggt melde meldet meldest melden meld logge loggt zugang* zugriff* zugäng* reinkomm* rein verbinden verbinde connecte* connexion* connecter identifi* accès acces session sesión sesion sessão sessione
    entra entro entrar entre entrez entró entre entrei entrem acced* accede* accesso accessi acceso accesos acesso acessos acessa* acessar inicia iniciar ingresa* ingresar conecta* conectar loga logar logue collega* collegati autentica* fazer
    войти войд* зайд* зайти заход* заходи вход* доступ* авториз* логинься подключ* inlog* zaloguj* logowan* logga oturum giriş kirjaudu entri enters
    ログイン サインイン 入る 入れない 接続 認証 アクセス 打つ 打って 登录 登入 登陆 登不上 进去 进入 连接 访问 上去 로그인 접속 들어가 들어오 로긴 연결 입장`,
  /** Networks that have a key. */
  wifi: `wifi wlan wi-fi fi ssid wpa wpa2 wpa3 router routers hotspot* wireless network networks fritz fritzbox livebox freebox bbox netz netzwerk* réseau reseau rede red redes rete reti netwerk sieć nätverk сет* вайфай* вай роутер*
    gäste-wlan gästewlan *wlan *wifi modem mesh repeater ワイファイ 無線 ルーター 网络 无线 热点 路由器 와이파이 무선 공유기 네트워크 핫스팟`,
  /** Spare codes, for the day when nothing else lets one in. */
  spare: `backup* backupcode recovery recover* rescue scratch emergency spare reserve wiederherstellung* ersatz* notfall* *notfall secours récupération recuperation restauration respaldo rescate recuperaci* recuperação reserva reservas recupero emergenza
    riserva ripristino резервн* запасн* восстановл* аварийн* zapasn* rezervn* vosstanov* restore herstel* záložní reserv* fallback unlockcode puk
    予備 バックアップ 復旧 回復 リカバリー 緊急 恢复 备用 備用 紧急 应急 복구 백업 비상 예비`,
  /** What a code is sent for that is used once. */
  once: `verif* verify verification* confirmation* confirm confirms onetime one-time otp 2fa mfa two-factor twofactor twostep authenticat* sms bestätigung* freischalt* *freigabe freigabe* überweisung* einmal* einmalig* vérif* validation* usage unique confirmación
    confirmación confirmaci* autenticaci* autenticação verificaci* verificação conferma confirma verifica подтвержд* одноразов* авторизац* смс sim-swap activation* aktivierung* activaci* ativação attivazione активац* entsperr* doğrulama potwierdz* bevestig* bekräft*
    pairing pair kopplung* desbloqueo désimlockage tfa 認証 ワンタイム 本人確認 検証 確認 二段階 二要素 验证 驗證 校验 动态 确认 二次 인증 본인확인 확인 일회용 2단계 인증문자`,
  /** That it came. */
  sent: `sms text texts texted texting sent sends send got get gets received receive message messages msg msgs arrived arrives came notification email emailed mail mails
    erhalten bekommen bekam bekomme geschickt schickt schickte gesendet kam kommt nachricht* reçu recu reçois envoyé envoie envoyer texté arrivé message* recibi* recibí llegado llegó llego llegaron enviado enviaron envió mandado mandaron mandó mensaje* recebi recebeu chegou
    chegaram enviaram mandou mandaram mensagem mensagens ricevuto arrivato arrivata arrivati arrivò mandato mandata messaggio messaggi chegado пришел пришла пришло пришли прислал* приходит придет получ* сообщени* эсэмэс* письм* otrzym* fick ontvangen gönder* přišel
    届いた 届き 来た 送られて きた 受信 メール 収到 收到 发来 发的 短信 发送 来的 왔 온 받은 받았 도착 문자 보낸 메시지`,
  /** That it is no longer the old one, or not for long. */
  changed: `new newly now changed change changes changing updated update reset set temporary temp initial default provisional since still remains hardcoded hard-coded rotated neu neue neuer neues neuen jetzt nun geändert ändert geaendert gesetzt gewechselt umgestellt vorläufig* initial* standard werkseitig*
    nouveau nouvelle nouveaux changé changer changée maintenant désormais provisoire* passe nuevo nueva nuevos ahora cambi* cambié cambió actualiz* temporal provisional sigue novo nova novos agora mud* mudei mudou alter* trocad* troquei troc* provisóri* atualiz* continua nuov* adesso ora cambiat* cambi modificat* provvisori* impostat* messo messa
    новый новая новое теперь сейчас смен* измен* поменя* временн* обновл* nowe nytt nieuw* yeni default* fábrica 変更 新しい 変わ 更新 初期 仮 変え なった 設定 改成 改为 新的 换成 更换 设为 设成 初始 临时 现在 变更 새 바꿨 바뀌 변경 바꾼 초기 임시 이제 새로 설정`,
  /** That it does not open. */
  broken: `rejected refuses refused denied deny denies wrong incorrect locked lock-out lockout blocked fail fails failed forgot forgotten forget invalid accept accepts accepted works work working expired strong weak remember reminder
    falsch abgelehnt gesperrt vergessen vergaß funktioniert geht klappt stimmt ungültig nimmt merken refusé refuse bloqué oublié faux marche fonctionne valide invalide accepte retenir olvidado olvidó olvidé bloqueado rechaza rechazado funciona va vale incorrecta incorrecto falla recordar esqueci esqueceu bloqueou recusa recusou
    aceita recusado errada lembrar rifiutat* rifiuta dimenticat* sbagliat* bloccat* accetta ricord* неверн* неправильн* забыл* заблок* подход* принима* работа* пуска* запомн* zapomnia* vergeten glömt 入れない 通らない 弾かれ 忘れ 間違 ロックされ 使えない 合って 错误 忘记 忘了 不对 无效 记不住 被锁 틀렸 잊어 까먹 안돼 안 막혀 맞나 맞는지`,
} as const;
