(** The rules of quotients along rays, each with its identity.

    For [k = r] (first order) and [k = r^2] (second order) alike: if [a = q + k a'] for the arguments,
    so it is for the result.  In words: [proofs/theory/L-RAY.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Rays ExactValues.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qminus : simpl never.
Local Arguments Q2R : simpl never.

Section Rules.
Variable es : list entry.                              (* of what was before, newest first *)
Variable zero : nat.                                   (* where the constant 0 is *)
Definition entry_at (j : nat) : entry := nth (length es - S j) es (Entry 0 None None None).

Definition ray_start (o : operation) : option Q :=
  match o with
  | OConst q => Some q
  | OMul a b =>
    match start (entry_at a), start (entry_at b) with
    | Some p, Some q => Some (Qred (p * q))
    | Some p, None => if is_zero p then Some 0%Q else None
    | None, Some q => if is_zero q then Some 0%Q else None
    | None, None => None
    end
  | OMax a b =>
    match start (entry_at a), start (entry_at b) with
    | Some p, Some q => Some (if Qle_bool p q then q else p)
    | _, _ => None
    end
  | OCall g a => match start (entry_at a) with Some q => known_value g q | None => None end
  | OIncrement g a b =>
    match start (entry_at b) with Some q => if is_zero q then Some 0%Q else None | None => None end
  | _ =>
    match as_row o with
    | Some (row, args, bias) =>
      match all_some (map (fun j => start (entry_at j)) args) with
      | Some qs => Some (row_start row qs bias)
      | None => None
      end
    | None => None
    end
  end.

(** [order] is [first] or [second]. *)
Definition quotient_rule (order : entry -> option nat) (o : operation) : option part :=
  match o with
  | OConst _ => Some (PAt zero)
  | OMul a b =>
    let A := entry_at a in let B := entry_at b in
    match start A, order A, start B, order B with
    | Some p, Some i, Some q, Some j =>
      Some (if Nat.eqb i zero then PRow [p] [j] else if Nat.eqb j zero then PRow [q] [i]
            else if is_zero q then PMul (PAt (here A)) (PAt j)
            else if is_zero p then PMul (PAt i) (PAt (here B))
            else PAdd (PMul (PAt i) (PAt (here B))) (PRow [p] [j]))
    | p, i, q, j =>
      match q, j with
      | Some q, Some j => if is_zero q then Some (PMul (PAt (here A)) (PAt j)) else None
      | _, _ =>
        match p, i with
        | Some p, Some i => if is_zero p then Some (PMul (PAt i) (PAt (here B))) else None
        | _, _ => None
        end
      end
    end
  | OMax a b =>
    let A := entry_at a in let B := entry_at b in
    match start A, order A, start B, order B with
    | Some p, Some i, Some q, Some j =>
      Some (if Nat.eqb i zero && Nat.eqb j zero then PAt zero
            else if Qeq_bool p q then PMax (PAt i) (PAt j)
            else PAdd (PAt j) (PMul (PQuotient Relu (PConst (p - q)%Q) (PRow [1%Q; (-1)%Q] [here A; here B]))
                                    (PRow [1%Q; (-1)%Q] [i; j])))
    | _, _, _, _ => None
    end
  | OCall g a =>
    let A := entry_at a in
    match start A, order A with
    | Some q, Some i =>
      Some (if Nat.eqb i zero then PAt zero
            else if kink g && is_zero q then PCall g (PAt i)
            else PMul (PQuotient g (PConst q) (PAt (here A))) (PAt i))
    | _, _ => None
    end
  | OIncrement g a b =>
    let A := entry_at a in let B := entry_at b in
    match start B, order B with
    | Some q, Some j =>
      if is_zero q then
        let whole := PMul (PQuotient g (PAt (here A)) (PRow [1%Q; 1%Q] [here A; here B])) (PAt j) in
        Some (if Nat.eqb j zero then PAt zero else
              match start A, order A with
              | Some p, Some i => if kink g && is_zero p then PIncrement g (PAt i) (PAt j) else whole
              | _, _ => whole
              end)
      else None
    | _, _ => None
    end
  | _ =>
    match as_row o with
    | Some (row, args, _) =>
      match all_some (map (fun j => order (entry_at j)) args) with
      | Some ps => Some (if forallb (Nat.eqb zero) ps then PAt zero else PRow row ps)
      | None => None
      end
    | None => None
    end
  end.

(** What is of second order although its arguments, or one of them, are of first. *)
Definition square_rule (o : operation) : option part :=
  match o with
  | OMul a b =>
    let A := entry_at a in let B := entry_at b in
    match start A, first A, start B, first B with
    | Some p, Some i, Some q, Some j =>
      if is_zero p && is_zero q
      then Some (if Nat.eqb i j then PCall (Pow 2) (PAt i) else PMul (PAt i) (PAt j)) else None
    | _, _, _, _ => None
    end
  | OCall g a =>
    let A := entry_at a in
    match start A, first A with
    | Some q, Some i =>
      let square := PCall (Pow 2) (PAt i) in
      if is_zero q then
        match g with
        | Pow 2 => Some square
        | Pow (S (S n)) => Some (PMul square (PCall (Pow n) (PAt (here A))))
        | Cos => Some (PMul (PQuotient2 Cos (PConst 0%Q) (PAt (here A))) square)
        | _ => None
        end
      else None
    | _, _ => None
    end
  | _ => None
  end.
(** The increment of a kink that starts at it with a slope: slopes depend on the direction alone. *)
Definition near_rule (o : operation) : option part :=
  match o with
  | OIncrement g a b =>
    let A := entry_at a in let B := entry_at b in
    match start A, first A, start B, first B, second B with
    | Some p, Some i, Some q, Some j, Some t =>
      if kink g && is_zero p && is_zero q
      then Some (PMul (PQuotient g (PAt i) (PRow [1%Q; 1%Q] [i; j])) (PAt t)) else None
    | _, _, _, _, _ => None
    end
  | _ => None
  end.

(** ** Why they are right *)

Variables (r : R) (m : list scalar) (src src0 : list scalar).
Hypothesis zero_ok : get m zero = Some 0.
Hypothesis here_ok : forall j, (j < length es)%nat -> get m (here (entry_at j)) = get src j.

(** Values at the equilibrium. *)
Lemma ray_start_ok x u o q v : below (length es) (arguments o) = true ->
  (forall j q v, (j < length es)%nat -> start (entry_at j) = Some q -> get src0 j = Some v -> v = Q2R q) ->
  ray_start o = Some q -> operate x u src0 o = Some v -> v = Q2R q.
Proof.
  intros B S H V.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    match all_some (map (fun j => start (entry_at j)) args) with
    | Some qs => Some (row_start row qs bias) | None => None end = Some q -> v = Q2R q).
  { intros row args bias A K. destruct (as_row_ok x u src0 o row args bias v A V) as [D Ea].
    destruct (all_some _) as [qs|] eqn:As; [|discriminate]. inversion K; subst q; clear K.
    apply all_some_ok in As. rewrite Ea in Bi. clear A V H Ea B. revert args qs v Bi As D.
    induction row as [|w row IH]; intros [|j args] [|q qs] v Bi As D; simpl in As; try discriminate;
      simpl in D |- *; try congruence.
    inversion As. destruct (get src0 j) as [y|] eqn:Y; [|discriminate].
    destruct (dot row _ _) as [y'|] eqn:Y'; [|discriminate]. simpl in D. inversion D; subst.
    rewrite Q2R_red, Q2R_plus, Q2R_mult.
    rewrite (S j q y), (IH args qs y'); auto; intros; apply Bi; simpl; auto. }
  destruct o; try (eapply Row; [reflexivity|exact H]); try discriminate; simpl in *; clear Row.
  - inversion H; subst. now inversion V.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (start (entry_at a)) as [qa|] eqn:A; destruct (start (entry_at b)) as [qb|] eqn:Bb.
    + inversion H. rewrite Q2R_red, Q2R_mult, (S a qa y), (S b qb z); auto.
    + destruct (is_zero qa) eqn:Q; inversion H; subst. rewrite (S a qa y), (is_zero_ok qa Q), Q2R_zero; auto. ring.
    + destruct (is_zero qb) eqn:Q; inversion H; subst. rewrite (S b qb z), (is_zero_ok qb Q), Q2R_zero; auto. ring.
    + discriminate.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (start (entry_at a)) as [qa|] eqn:A; [|discriminate].
    destruct (start (entry_at b)) as [qb|] eqn:Bb; [|discriminate]. inversion H; subst; clear H.
    rewrite (S a qa y), (S b qb z); auto. pose proof (Qle_bool_ok qa qb).
    destruct (Qle_bool qa qb); [now rewrite Rmax_right|rewrite Rmax_left; auto; lra].
  - destruct (lift1_some _ _ _ V) as [y [Y E]]. destruct (start (entry_at a)) as [qa|] eqn:A; [|discriminate].
    rewrite (S a qa y), (known_value_ok g qa q H) in E; auto. now inversion E.
  - rename s into a, d into b.
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. destruct (start (entry_at b)) as [qb|] eqn:Bb; [|discriminate].
    destruct (is_zero qb) eqn:Q; inversion H; subst. rewrite (S b qb z) in E by auto.
    unfold increment in E. rewrite (is_zero_ok qb Q), Rplus_0_r in E.
    destruct (call g y); simpl in E; inversion E. rewrite Q2R_zero. ring.
Qed.

(** What a quotient means: [v = q + k v']. *)
Definition quotients_hold (k : R) (order : entry -> option nat) : Prop := forall j q p v w,
  (j < length es)%nat -> start (entry_at j) = Some q -> order (entry_at j) = Some p ->
  get src j = Some v -> get m p = Some w -> v = Q2R q + k * w.

Lemma quotient_rule_ok x u k order o q t v w : 0 < k -> quotients_hold k order ->
  below (length es) (arguments o) = true -> ray_start o = Some q -> quotient_rule order o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = Q2R q + k * w.
Proof.
  intros K Qh B Hs Hr V I.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    match all_some (map (fun j => start (entry_at j)) args) with
    | Some qs => Some (row_start row qs bias) | None => None end = Some q ->
    match all_some (map (fun j => order (entry_at j)) args) with
    | Some ps => Some (if forallb (Nat.eqb zero) ps then PAt zero else PRow row ps) | None => None end = Some t ->
    v = Q2R q + k * w).
  { intros row args bias A Ks Kt. destruct (as_row_ok x u src o row args bias v A V) as [D Ea].
    destruct (all_some (map (fun j => start (entry_at j)) args)) as [qs|] eqn:As; [|discriminate].
    destruct (all_some (map (fun j => order (entry_at j)) args)) as [ps|] eqn:Ap; [|discriminate].
    inversion Ks; subst q; clear Ks. inversion Kt; subst t; clear Kt.
    apply all_some_ok in As. apply all_some_ok in Ap.
    assert (I' : dot row (map (get m) ps) 0 = Some w).
    { destruct (forallb (Nat.eqb zero) ps) eqn:Z; [|exact I]. simpl in I. rewrite zero_ok in I.
      inversion I; subst w. clear -Z zero_ok. revert row. induction ps as [|p ps IH]; intros [|c row]; simpl; auto.
      simpl in Z. apply andb_prop in Z; destruct Z as [Z1%Nat.eqb_eq Z2]. subst p.
      rewrite (IH Z2 row), zero_ok. simpl. f_equal. ring. }
    clear I. rewrite Ea in Bi. clear A V Hs Hr Ea B. revert args qs ps v w Bi As Ap D I'.
    induction row as [|c row IH]; intros [|j args] [|q qs] [|p ps] v w Bi As Ap D I; simpl in As, Ap;
      try discriminate; simpl in D, I |- *; try (inversion D; inversion I; subst; ring).
    inversion As. inversion Ap. destruct (get src j) as [y|] eqn:Y; [|discriminate].
    destruct (dot row (map (get src) args) _) as [y'|] eqn:Y'; [|discriminate].
    destruct (get m p) as [z|] eqn:Z; [|discriminate].
    destruct (dot row (map (get m) ps) _) as [z'|] eqn:Z'; [|discriminate].
    simpl in D, I. inversion D; inversion I; subst. rewrite Q2R_red, Q2R_plus, Q2R_mult.
    rewrite (Qh j q p y z), (IH args qs ps y' z'); auto; try ring; intros; apply Bi; simpl; auto. }
  destruct o; try (eapply Row; [reflexivity|exact Hs|exact Hr]); try discriminate; simpl in *; clear Row.
  - (* constants *)
    inversion Hs; inversion Hr; inversion V; subst. simpl in I. rewrite zero_ok in I. inversion I. ring.
  - (* products *)
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    assert (Right : forall qb j w, start (entry_at b) = Some qb -> order (entry_at b) = Some j ->
      is_zero qb = true -> is_value m (PMul (PAt (here (entry_at a))) (PAt j)) w -> y * z = k * w).
    { intros qb j w' S O Zq [y' [z' [Y' [Z' E]]]]. simpl in Y', Z'. rewrite Ha in Y'. inversion Y'; subst.
      rewrite (Qh b qb j z z'), (is_zero_ok qb Zq); auto. ring. }
    assert (Left : forall qa i w, start (entry_at a) = Some qa -> order (entry_at a) = Some i ->
      is_zero qa = true -> is_value m (PMul (PAt i) (PAt (here (entry_at b)))) w -> y * z = k * w).
    { intros qa i w' S O Zq [y' [z' [Y' [Z' E]]]]. simpl in Y', Z'. rewrite Hb in Z'. inversion Z'; subst.
      rewrite (Qh a qa i y y'), (is_zero_ok qa Zq); auto. ring. }
    destruct (start (entry_at a)) as [qa|] eqn:Sa; destruct (order (entry_at a)) as [i|] eqn:Oa;
      destruct (start (entry_at b)) as [qb|] eqn:Sb; destruct (order (entry_at b)) as [j|] eqn:Ob;
      try discriminate;
      try (destruct (is_zero qb) eqn:Zb; try discriminate; inversion Hr; subst t;
           rewrite (Right qb j w); auto;
           assert (Q2R q = 0) as -> by (try (destruct (is_zero qa)); inversion Hs; subst;
             rewrite ?Q2R_red, ?Q2R_mult, ?(is_zero_ok qb Zb), ?Q2R_zero; ring); ring);
      try (destruct (is_zero qa) eqn:Za; try discriminate; inversion Hr; subst t;
           rewrite (Left qa i w); auto;
           assert (Q2R q = 0) as -> by (try (destruct (is_zero qb)); inversion Hs; subst;
             rewrite ?Q2R_red, ?Q2R_mult, ?(is_zero_ok qa Za), ?Q2R_zero; ring); ring).
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_red, Q2R_mult.
    destruct (Nat.eqb_spec i zero) as [->|_].
    { simpl in I. destruct (get m j) as [z'|] eqn:Zj; [|discriminate]. simpl in I. inversion I; subst w.
      rewrite (Qh a qa zero y 0), (Qh b qb j z z'); auto. ring. }
    destruct (Nat.eqb_spec j zero) as [->|_].
    { simpl in I. destruct (get m i) as [y'|] eqn:Yi; [|discriminate]. simpl in I. inversion I; subst w.
      rewrite (Qh a qa i y y'), (Qh b qb zero z 0); auto. ring. }
    destruct (is_zero qb) eqn:Zb.
    { rewrite (Right qb j w), (is_zero_ok qb Zb); auto. ring. }
    destruct (is_zero qa) eqn:Za.
    { rewrite (Left qa i w), (is_zero_ok qa Za); auto. ring. }
    destruct I as [s [t [[y' [z' [Y' [Z' ->]]]] [T ->]]]]. simpl in Y', Z', T. rewrite Hb in Z'.
    inversion Z'; subst z'. destruct (get m j) as [zj|] eqn:Zj; [|discriminate]. simpl in T. inversion T; subst t.
    rewrite (Qh a qa i y y'), (Qh b qb j z zj); auto. ring.
  - (* maxima *)
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (start (entry_at a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    destruct (start (entry_at b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr.
    pose proof (Qle_bool_ok qa qb) as Le.
    assert (Mq : Q2R (if Qle_bool qa qb then qb else qa) = Rmax (Q2R qa) (Q2R qb))
      by (destruct (Qle_bool qa qb); [now rewrite Rmax_right|rewrite Rmax_left; auto; lra]).
    rewrite Mq. clear Mq Le.
    destruct (Nat.eqb i zero && Nat.eqb j zero) eqn:Zz.
    { apply andb_prop in Zz; destruct Zz as [->%Nat.eqb_eq ->%Nat.eqb_eq]. simpl in I.
      rewrite zero_ok in I. inversion I; subst w.
      rewrite (Qh a qa zero y 0), (Qh b qb zero z 0); auto. rewrite !Rmult_0_r, !Rplus_0_r. ring. }
    destruct (Qeq_bool qa qb) eqn:Qe.
    { apply Qeq_bool_iff, Qeq_eqR in Qe. destruct I as [s [t [S [T ->]]]]. simpl in S, T.
      rewrite (Qh a qa i y s), (Qh b qb j z t), Qe; auto. unfold Rmax. repeat destruct Rle_dec; nra. }
    destruct I as [s [t [S [[g [d [[g0 [gap [c [G0 [G Qu]]]]] [D ->]]]] ->]]]]. simpl in S, G0, G, D. subst g0.
    rewrite Ha, Hb in G. simpl in G. inversion G; subst gap; clear G.
    destruct (get m i) as [yi|] eqn:Yi; [|discriminate]. destruct (get m j) as [zj|] eqn:Zj; [|discriminate].
    simpl in D. inversion D; subst d; clear D. inversion S; subst s; clear S.
    rewrite Q2R_one, Q2R_m1 in *.
    assert (Ey : y = Q2R qa + k * yi) by (apply (Qh a qa i); auto).
    assert (Ez : z = Q2R qb + k * zj) by (apply (Qh b qb j); auto).
    set (vy := 1 * y + (-1 * z + 0)) in *.
    assert (Ch : Rmax vy 0 = Q2R (if Qle_bool (qa - qb) 0 then 0%Q else (qa - qb)%Q) + k * (g * (1 * yi + (-1 * zj + 0)))).
    { apply (chain k c Relu (qa - qb) _ vy); auto.
      rewrite Q2R_minus. unfold vy. rewrite Ey, Ez. ring. }
    pose proof (Qle_bool_ok (qa - qb) 0) as Le. rewrite Q2R_minus, Q2R_zero in Le.
    assert (Mq : Q2R (if Qle_bool (qa - qb) 0 then 0%Q else (qa - qb)%Q) = Rmax (Q2R qa) (Q2R qb) - Q2R qb).
    { destruct (Qle_bool (qa - qb) 0); [rewrite Rmax_right, Q2R_zero; lra|rewrite Rmax_left, Q2R_minus; lra]. }
    rewrite Mq in Ch. replace (Rmax y z) with (z + Rmax vy 0).
    + rewrite Ch, Ez. ring.
    + unfold vy, Rmax. repeat destruct Rle_dec; lra.
  - (* functions *)
    destruct (lift1_some _ _ _ V) as [y [Y E]]. assert (La : (a < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha.
    destruct (start (entry_at a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    inversion Hr; subst t; clear Hr. destruct (Nat.eqb_spec i zero) as [->|_].
    { simpl in I. rewrite zero_ok in I. inversion I; subst w.
      rewrite (Qh a qa zero y 0), Rmult_0_r, Rplus_0_r, (known_value_ok g qa q Hs) in E; auto.
      inversion E. ring. }
    destruct (kink g && is_zero qa) eqn:Kg.
    { apply andb_prop in Kg; destruct Kg as [Kg Zq]. pose proof (is_zero_ok qa Zq) as Z0.
      destruct I as [t [T C]]. simpl in T. rewrite (call_zero g qa q Kg Z0 Hs).
      assert (y = k * t) as -> by (rewrite (Qh a qa i y t), Z0; auto; ring).
      rewrite (positive_kink g k t w v Kg K C E). ring. }
    destruct I as [s [t [[q0 [s' [c [Q0 [S Qu]]]]] [T ->]]]]. simpl in Q0, S, T. subst q0.
    rewrite Ha in S. inversion S; subst s'.
    apply (chain k c g qa q y v s t K Hs); auto. apply (Qh a qa i); auto.
  - (* increments *)
    rename s into a, d into b.
    destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]].
    assert (La : (a < length es)%nat) by auto. assert (Lb : (b < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha. pose proof (here_ok b Lb) as Hb. rewrite Z in Hb.
    destruct (start (entry_at b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (order (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    destruct (is_zero qb) eqn:Zb; [|discriminate]. pose proof (is_zero_ok qb Zb) as Z0.
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_zero.
    assert (Ez : forall w, get m j = Some w -> z = k * w)
      by (intros w' G; rewrite (Qh b qb j z w'), Z0; auto; ring).
    assert (Whole : is_value m (PMul (PQuotient g (PAt (here (entry_at a)))
      (PRow [1%Q; 1%Q] [here (entry_at a); here (entry_at b)])) (PAt j)) w -> v = 0 + k * w).
    { intros [s [t [[s1 [s2 [c [S1 [S2 Qu]]]]] [T ->]]]]. simpl in S1, S2, T. rewrite Ha in S1, S2. rewrite Hb in S2.
      simpl in S2. inversion S1; inversion S2; subst s1 s2. rewrite Q2R_one in Qu.
      replace (1 * y + (1 * z + 0)) with (y + z) in Qu by ring.
      rewrite (increment_chain k c g y z v s t K (Ez t T) E Qu). ring. }
    destruct (Nat.eqb_spec j zero) as [->|_].
    { simpl in I. rewrite zero_ok in I. inversion I; subst w.
      assert (z = 0) as -> by (rewrite (Ez 0 zero_ok); ring).
      unfold increment in E. rewrite Rplus_0_r in E. destruct (call g y); simpl in E; inversion E. ring. }
    destruct (start (entry_at a)) as [qa|] eqn:Sa; [|auto].
    destruct (order (entry_at a)) as [i|] eqn:Oa; [|auto].
    destruct (kink g && is_zero qa) eqn:Kg; [|auto].
    apply andb_prop in Kg; destruct Kg as [Kg Zq]. pose proof (is_zero_ok qa Zq) as Za.
    destruct I as [s [t [S [T C]]]]. simpl in S, T.
    assert (y = k * s) as -> by (rewrite (Qh a qa i y s), Za; auto; ring).
    rewrite (Ez t T) in E. rewrite (kink_increment g k s t w v Kg K C E). ring.
Qed.

Lemma square_rule_ok x u o q t v w : 0 < r -> quotients_hold r first ->
  below (length es) (arguments o) = true -> ray_start o = Some q -> square_rule o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = Q2R q + r * r * w.
Proof.
  intros P Qh B Hs Hr V I.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; try discriminate.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (start (entry_at a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (first (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    destruct (start (entry_at b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (first (entry_at b)) as [j|] eqn:Ob; [|discriminate].
    destruct (is_zero qa && is_zero qb) eqn:Z2; [|discriminate].
    apply andb_prop in Z2; destruct Z2 as [Za Zb]. pose proof (is_zero_ok qa Za). pose proof (is_zero_ok qb Zb).
    inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_red, Q2R_mult.
    destruct (Nat.eqb_spec i j) as [->|_].
    + destruct I as [t [T C]]. simpl in T. unfold call in C. simpl in C. inversion C; subst w.
      rewrite (Qh a qa j y t), (Qh b qb j z t), H, H0; auto. ring.
    + destruct I as [s [t [S [T ->]]]]. simpl in S, T.
      rewrite (Qh a qa i y s), (Qh b qb j z t), H, H0; auto. ring.
  - destruct (lift1_some _ _ _ V) as [y [Y E]]. assert (La : (a < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha.
    destruct (start (entry_at a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (first (entry_at a)) as [i|] eqn:Oa; [|discriminate].
    destruct (is_zero qa) eqn:Za; [|discriminate]. pose proof (is_zero_ok qa Za) as Z0.
    destruct g as [| | | | | | | | | |n]; try discriminate.
    + (* cos *)
      simpl in Hs. rewrite Za in Hs. inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr.
      destruct I as [s [t [[s0 [s' [c [S0 [S Qu]]]]] [[t' [T C]] ->]]]]. simpl in S0, S, T. subst s0.
      rewrite Ha in S. inversion S; subst s'. unfold call in C. simpl in C. inversion C; subst t; clear C.
      assert (Ey : y = r * t') by (rewrite (Qh a qa i y t'), Z0; auto; ring).
      unfold call in E. simpl in E. inversion E; subst v; clear E.
      unfold quotient2 in Qu. rewrite Q2R_zero in Qu. rewrite Q2R_one.
      destruct (Req_EM_T 0 y) as [E|E].
      * assert (t' = 0) as -> by nra. rewrite <- E, cos_0. ring.
      * destruct (has_slope_dec Cos 0); [|discriminate]. unfold call in Qu. simpl in Qu.
        inversion Qu; subst s. rewrite sin_0, cos_0. rewrite Ey. field.
        split; intros Q; apply E; rewrite Ey, Q; ring.
    + simpl in Hs. inversion Hs; subst q; clear Hs. unfold call in E. simpl in E. inversion E; subst v; clear E.
      destruct n as [|[|n]]; try discriminate. rewrite qpower_ok, Z0.
      assert (K : forall t', get m i = Some t' -> y = r * t')
        by (intros t' T; rewrite (Qh a qa i y t'), Z0; auto; ring).
      destruct n as [|n]; inversion Hr; subst t; clear Hr.
      * destruct I as [t' [T C]]. unfold call in C. simpl in T, C. inversion C; subst w.
        rewrite (K t' T). simpl. ring.
      * destruct I as [s [t [[s' [S C]] [[t' [T C']] ->]]]]. unfold call in C, C'. simpl in S, T, C, C'.
        rewrite Ha in T. inversion T; subst t'. inversion C; inversion C'; subst s t.
        rewrite !pow_ne_zero by auto. simpl. rewrite (K s' S) at 1 2. ring.
Qed.
Lemma near_rule_ok x u o q t v w : 0 < r -> quotients_hold r first -> quotients_hold (r * r) second ->
  below (length es) (arguments o) = true -> ray_start o = Some q -> near_rule o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = Q2R q + r * r * w.
Proof.
  intros P Q1 Q2 B Hs Hr V I.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; try discriminate.
  destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]].
  destruct (start (entry_at s)) as [qa|] eqn:Sa; [|discriminate].
  destruct (first (entry_at s)) as [i|] eqn:Oa; [|discriminate].
  destruct (start (entry_at d)) as [qb|] eqn:Sb; [|discriminate].
  destruct (first (entry_at d)) as [j|] eqn:Ob; [|discriminate].
  destruct (second (entry_at d)) as [l|] eqn:Od; [|discriminate].
  destruct (kink g && is_zero qa && is_zero qb) eqn:K; [|discriminate].
  apply andb_prop in K; destruct K as [K Zb]. apply andb_prop in K; destruct K as [K Za].
  pose proof (is_zero_ok qa Za) as Ea. pose proof (is_zero_ok qb Zb) as Eb.
  rewrite Zb in Hs. inversion Hs; subst q; clear Hs. inversion Hr; subst t; clear Hr. rewrite Q2R_zero.
  destruct I as [f [b [[s1 [s2 [c [S1 [S2 Qu]]]]] [T ->]]]]. simpl in S1, S2, T.
  rewrite S1 in S2. simpl in S2. destruct (get m j) as [dz|] eqn:Dz; [|discriminate]. simpl in S2. inversion S2; subst s2.
  assert (y = r * s1) as -> by (rewrite (Q1 s qa i y s1), Ea; auto; ring).
  assert (Z1 : z = r * dz) by (rewrite (Q1 d qb j z dz), Eb; auto; ring).
  assert (Z2 : z = r * r * b) by (rewrite (Q2 d qb l z b), Eb; auto; ring).
  assert (D : dz = r * b) by (apply (Rmult_eq_reg_l r); [rewrite <- Z1, Z2; ring|lra]).
  rewrite Q2R_one in Qu. replace (1 * s1 + (1 * dz + 0)) with (s1 + dz) in Qu by ring.
  unfold increment in E. destruct (lift2_some _ _ _ _ E) as [p [q [Hp [Hq Pq]]]]. inversion Pq; subst v.
  assert (exists w, increment g s1 dz = Some w) as [w Hw].
  { unfold increment, call. destruct g; try discriminate; simpl; eauto. }
  assert (Iz : increment g (r * s1) (r * dz) = Some (q - p)) by (unfold increment; now rewrite <- Z1, Hp, Hq).
  rewrite (kink_increment g r s1 dz w (q - p) K P Hw Iz).
  rewrite (increment_chain r c g s1 dz w f b P D Hw Qu). ring.
Qed.
End Rules.
