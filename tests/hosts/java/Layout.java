import com.sun.jna.Structure;
import java.lang.reflect.Field;
import java.lang.reflect.Method;

/** Prints the layout of Ptbridge.java in the words of layout.sh. */
final class Layout {
  public static void main(String[] none) throws ReflectiveOperationException {
    for (Field constant : Ptbridge.class.getDeclaredFields())
      if (constant.getName().startsWith("PTB_")) System.out.println(constant.getName() + " " + constant.getInt(null));
    for (Class<?> type : Ptbridge.class.getDeclaredClasses())
      if (Structure.class.isAssignableFrom(type) && type.isAnnotationPresent(Structure.FieldOrder.class)) print(type);
  }

  private static void print(Class<?> type) throws ReflectiveOperationException {
    // JNA shows these two only to its own kind.
    Method offset = Structure.class.getDeclaredMethod("fieldOffset", String.class);
    Method size = Structure.class.getDeclaredMethod("getNativeSize", Class.class, Object.class);
    offset.setAccessible(true);
    size.setAccessible(true);
    String name = "ptb" + type.getSimpleName().replaceAll("([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
    Structure struct = Structure.newInstance(type.asSubclass(Structure.class));
    System.out.println(name + " " + struct.size());
    for (String field : type.getAnnotation(Structure.FieldOrder.class).value()) {
      Field own = type.getField(field);
      String its = field.equals("wait_") ? "wait" : field; // Object has a wait of its own
      System.out.println(name + "." + its + " " + offset.invoke(struct, field) + " "
          + size.invoke(struct, own.getType(), own.get(struct)));
    }
  }
}
