(** Quotients of second order along rays of parts whose arguments have only those of first order.

    In words: [proofs/theory/L-RAY.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Rays ExactValues Quotients.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qminus : simpl never.
Local Arguments Q2R : simpl never.

Section Rules.
Variable es : list entry.                              (* of what was before, newest first *)

(** What is of second order although its arguments, or one of them, are of first. *)
Definition square_rule (o : operation) : option part :=
  match o with
  | OMul a b =>
    let A := entry_at es a in let B := entry_at es b in
    match exact A, first A, exact B, first B with
    | Some p, Some i, Some q, Some j =>
      if is_zero p && is_zero q
      then Some (if Nat.eqb i j then PCall (Pow 2) (PAt i) else PMul (PAt i) (PAt j)) else None
    | _, _, _, _ => None
    end
  | OCall g a =>
    let A := entry_at es a in
    match exact A, first A with
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
    let A := entry_at es a in let B := entry_at es b in
    match exact A, first A, exact B, first B, second B with
    | Some p, Some i, Some q, Some j, Some t =>
      if kink g && is_zero p && is_zero q
      then Some (PMul (PQuotient g (PAt i) (PRow [1%Q; 1%Q] [i; j])) (PAt t)) else None
    | _, _, _, _, _ => None
    end
  | _ => None
  end.

(** ** Why they are right *)

Variables (r : R) (m : list scalar) (src : list scalar).
Hypothesis here_ok : forall j, (j < length es)%nat -> get m (here (entry_at es j)) = get src j.

Lemma square_rule_ok x u o n t v w : 0 < r -> quotients_hold es m src r first ->
  below (length es) (arguments o) = true -> ray_start es o = Some n -> square_rule o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = real n + r * r * w.
Proof.
  intros P Nh B Hs Hr V I. pose proof (exact_hold es m src r first Nh) as Qh.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; try discriminate.
  - destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]]. inversion E; subst; clear E.
    destruct (exact (entry_at es a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (first (entry_at es a)) as [i|] eqn:Oa; [|discriminate].
    destruct (exact (entry_at es b)) as [qb|] eqn:Sb; [|discriminate].
    destruct (first (entry_at es b)) as [j|] eqn:Ob; [|discriminate].
    destruct (is_zero qa && is_zero qb) eqn:Z2; [|discriminate].
    apply andb_prop in Z2; destruct Z2 as [Za Zb]. pose proof (is_zero_ok qa Za). pose proof (is_zero_ok qb Zb).
    inversion Hs; subst n; clear Hs. inversion Hr; subst t; clear Hr. cbn [real]. rewrite Q2R_red, Q2R_mult.
    destruct (Nat.eqb_spec i j) as [->|_].
    + destruct I as [t [T C]]. simpl in T. unfold call in C. simpl in C. inversion C; subst w.
      rewrite (Qh a qa j y t), (Qh b qb j z t), H, H0; auto. ring.
    + destruct I as [s [t [S [T ->]]]]. simpl in S, T.
      rewrite (Qh a qa i y s), (Qh b qb j z t), H, H0; auto. ring.
  - destruct (lift1_some _ _ _ V) as [y [Y E]]. assert (La : (a < length es)%nat) by auto.
    pose proof (here_ok a La) as Ha. rewrite Y in Ha.
    destruct (exact (entry_at es a)) as [qa|] eqn:Sa; [|discriminate].
    destruct (first (entry_at es a)) as [i|] eqn:Oa; [|discriminate].
    destruct (is_zero qa) eqn:Za; [|discriminate]. pose proof (is_zero_ok qa Za) as Z0.
    rewrite (exact_start _ _ Sa) in Hs. simpl in Hs. inversion Hs; subst n; clear Hs.
    destruct g as [| | | | | | | | | |n]; try discriminate.
    + (* cos *)
      simpl. rewrite Za. cbn [real]. inversion Hr; subst t; clear Hr.
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
    + simpl. unfold call in E. simpl in E. inversion E; subst v; clear E.
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
Lemma near_rule_ok x u o n t v w : 0 < r -> quotients_hold es m src r first -> quotients_hold es m src (r * r) second ->
  below (length es) (arguments o) = true -> ray_start es o = Some n -> near_rule o = Some t ->
  operate x u src o = Some v -> is_value m t w -> v = real n + r * r * w.
Proof.
  intros P N1 N2 B Hs Hr V I. pose proof (exact_hold es m src r first N1) as Q1. pose proof (exact_hold es m src _ second N2) as Q2.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; try discriminate.
  destruct (lift2_some _ _ _ _ V) as [y [z [Y [Z E]]]].
  destruct (exact (entry_at es s)) as [qa|] eqn:Sa; [|discriminate].
  destruct (first (entry_at es s)) as [i|] eqn:Oa; [|discriminate].
  destruct (exact (entry_at es d)) as [qb|] eqn:Sb; [|discriminate].
  destruct (first (entry_at es d)) as [j|] eqn:Ob; [|discriminate].
  destruct (second (entry_at es d)) as [l|] eqn:Od; [|discriminate].
  destruct (kink g && is_zero qa && is_zero qb) eqn:K; [|discriminate].
  apply andb_prop in K; destruct K as [K Zb]. apply andb_prop in K; destruct K as [K Za].
  pose proof (is_zero_ok qa Za) as Ea. pose proof (is_zero_ok qb Zb) as Eb.
  rewrite Zb in Hs. inversion Hs; subst n; clear Hs. inversion Hr; subst t; clear Hr. cbn [real]. rewrite Q2R_zero.
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
