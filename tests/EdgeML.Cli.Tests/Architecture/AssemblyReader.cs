using Mono.Cecil;
using Mono.Cecil.Cil;

namespace EdgeML.Cli.Tests.Architecture;

/// <summary>Reads from a built assembly which of its namespaces use which: signatures, fields, attributes and method bodies.</summary>
static class AssemblyReader
{
    public static DependencyGraph Namespaces(ModuleDefinition module)
    {
        var graph = new DependencyGraph();
        foreach (TypeDefinition type in module.GetTypes())
        {
            string from = Namespace(type);
            if (from.Length == 0) continue; // made by the compiler
            graph.Add(from, from, "");
            foreach (TypeReference used in Used(type))
                foreach (TypeReference part in Parts(used))
                    if (part.Scope == module && Namespace(part) is { Length: > 0 } to)
                        graph.Add(from, to, $"{Outermost(type).Name} uses {part.Name}");
        }
        return graph;
    }

    /// <summary>Namespaces of other assemblies that a folder of this one uses, with an example each.</summary>
    public static IEnumerable<(string From, string To, string Example)> Foreign(ModuleDefinition module) =>
        from type in module.GetTypes()
        from used in Used(type)
        from part in Parts(used)
        where part.Scope != module
        select (Namespace(type), Namespace(part), $"{Outermost(type).Name} uses {part.Name}");

    static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }

    static string Namespace(TypeReference type) => Outermost(type).Namespace;

    /// <summary>The type itself and its arguments, without arrays, references and pointers around them.</summary>
    static IEnumerable<TypeReference> Parts(TypeReference type)
    {
        if (type is GenericParameter) yield break;
        if (type is GenericInstanceType generic)
            foreach (TypeReference argument in generic.GenericArguments.SelectMany(Parts))
                yield return argument;
        if (type is TypeSpecification { ElementType: { } element } and not GenericInstanceType)
        {
            foreach (TypeReference part in Parts(element)) yield return part;
            yield break;
        }
        yield return type.GetElementType();
    }

    static IEnumerable<TypeReference> Used(TypeDefinition type)
    {
        if (type.BaseType is not null) yield return type.BaseType;
        foreach (InterfaceImplementation implemented in type.Interfaces) yield return implemented.InterfaceType;
        foreach (FieldDefinition field in type.Fields) yield return field.FieldType;
        foreach (CustomAttribute attribute in type.CustomAttributes) yield return attribute.AttributeType;
        foreach (TypeReference constraint in type.GenericParameters.SelectMany(p => p.Constraints).Select(c => c.ConstraintType))
            yield return constraint;
        foreach (MethodDefinition method in type.Methods)
            foreach (TypeReference used in Used(method))
                yield return used;
    }

    static IEnumerable<TypeReference> Used(MethodDefinition method)
    {
        yield return method.ReturnType;
        foreach (ParameterDefinition parameter in method.Parameters) yield return parameter.ParameterType;
        if (!method.HasBody) yield break;
        foreach (VariableDefinition variable in method.Body.Variables) yield return variable.VariableType;
        foreach (Instruction instruction in method.Body.Instructions)
        {
            switch (instruction.Operand)
            {
                case TypeReference used:
                    yield return used;
                    break;
                case MemberReference { DeclaringType: { } owner } member:
                    yield return owner;
                    if (member is FieldReference field) yield return field.FieldType;
                    if (member is not MethodReference called) break;
                    yield return called.ReturnType;
                    foreach (ParameterDefinition parameter in called.Parameters) yield return parameter.ParameterType;
                    if (called is not GenericInstanceMethod generic) break;
                    foreach (TypeReference argument in generic.GenericArguments) yield return argument;
                    break;
            }
        }
    }
}
