package foxfire.engine;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.XECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The bearer token that every call must carry: brought by a file, or agreed on with the gateways by
 * X25519 (docs/engine-contract.md, "The secret"). {@code publicKey} is the engine's half of such an
 * agreement, empty for a file. A value type.
 */
record EngineSecret(String token, Optional<String> publicKey) {
  private static final String CURVE = "X25519";
  private static final String MAC = "HmacSHA256";
  private static final String PURPOSE = "foxfire engine secret\0";
  private static final int KEY_BYTES = 32;

  static EngineSecret of(EngineSettings settings) throws StartFailure {
    if (settings.secret().file().isPresent()) {
      Path file = settings.secret().file().get();
      String token = SecretFile.take(EngineSettings.SECRET_FILE_KEY, file);
      return new EngineSecret(token, Optional.empty());
    }
    String key = EngineSettings.GATEWAY_KEY_KEY;
    try {
      return agree(toPublicKey(settings.secret().gatewayKey().orElse("")), settings.id());
    } catch (IllegalArgumentException | InvalidKeyException e) {
      throw new StartFailure(key + ": " + e.getMessage() + "; it must be the gateways' X25519"
          + " public key (32 bytes, base64url without padding)", e);
    } catch (GeneralSecurityException e) {
      throw new StartFailure(key + ": this Java has no " + CURVE + " or " + MAC + " ("
          + StartFailure.describe(e) + "); use one that has, or give a secret file", e);
    }
  }

  @Override
  public String toString() {
    return "<redacted>"; // a record's own would show the token
  }

  // The pair lives in this call only: nobody can compute the token later.
  private static EngineSecret agree(PublicKey gateways, String engineId)
      throws GeneralSecurityException {
    KeyPair own = KeyPairGenerator.getInstance(CURVE).generateKeyPair();
    KeyAgreement agreement = KeyAgreement.getInstance(CURVE);
    agreement.init(own.getPrivate());
    agreement.doPhase(gateways, true); // refuses keys that would make the result a known one
    Mac mac = Mac.getInstance(MAC);
    mac.init(new SecretKeySpec(agreement.generateSecret(), MAC));
    byte[] token = mac.doFinal((PURPOSE + engineId).getBytes(StandardCharsets.UTF_8));
    return new EngineSecret(toBase64(token), Optional.of(toBase64(raw(own.getPublic()))));
  }

  private static PublicKey toPublicKey(String base64) throws GeneralSecurityException {
    byte[] raw = Base64.getUrlDecoder().decode(base64);
    if (raw.length != KEY_BYTES || !toBase64(raw).equals(base64)) {
      throw new IllegalArgumentException("is no such key");
    }
    reverse(raw);
    raw[0] &= 0x7f; // RFC 7748: the highest bit does not count
    XECPublicKeySpec spec =
        new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, raw));
    return KeyFactory.getInstance(CURVE).generatePublic(spec);
  }

  private static byte[] raw(PublicKey key) {
    byte[] bigEndian = ((XECPublicKey) key).getU().toByteArray(); // without leading zeros
    byte[] raw = new byte[KEY_BYTES];
    for (int i = 0; i < Math.min(KEY_BYTES, bigEndian.length); ++i) {
      raw[i] = bigEndian[bigEndian.length - 1 - i];
    }
    return raw;
  }

  private static void reverse(byte[] bytes) {
    for (int i = 0; i < bytes.length / 2; ++i) {
      byte other = bytes[bytes.length - 1 - i];
      bytes[bytes.length - 1 - i] = bytes[i];
      bytes[i] = other;
    }
  }

  private static String toBase64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
